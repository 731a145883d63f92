// SPDX-License-Identifier: GPL-2.0-or-later
// What the tables of the second lock (lock_rules.h) have in common.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "xfrm/nft/lock_plan.h"
#include "xfrm/nft/lock_rules.h"
#include "xfrm/nft/rules_builder.h"

namespace xfrm {

// The octets of a number that lives longer than what is made of them.
[[nodiscard]] inline std::span<const std::byte> octets_of(const std::uint32_t& number) {
  return std::as_bytes(std::span{&number, 1});
}

// LockBuilder writes what both tables have in common.
class LockBuilder : public TableBuilder {
 public:
  LockBuilder(Transaction& transaction, const LockSpec& spec, const std::string& table,
              std::uint16_t nft_family)
      : TableBuilder{transaction, table, nft_family}, spec_{spec} {}

  // lists makes the chains that judge, and those they hand to. Whoever goes to first_list() or, for
  // a quoted packet, to "quoted-0" comes back when the packet may be seen in clear.
  void lists(bool with_quoted);
  // networks makes a chain that returns, or goes on in `to` with what the networks of the last list
  // are meant to encrypt (lock_networks). To be called after lists().
  void networks(const std::string& name, const std::string& to);
  void dropping(const char* name);
  // IPsec's protocols, and pairs of ports.
  void protocols_set();
  void pairs_set(const char* name, std::span<const std::vector<std::byte>> pairs);
  // judge ends a chain: all lists must forbid it.
  void judge(const std::string& chain, const char* dropped);
  void exempt_other_groups(const std::string& chain);
  // udp_pairs begins a rule for UDP between a pair of ports of `set`; exempt_pairs accepts those of
  // lock_pair_set.
  [[nodiscard]] nft::Expressions udp_pairs(const std::string& chain, const char* set) const;
  void exempt_pairs(const std::string& chain);
  // clear_own_mark has a packet begin without the bit by which groups that follow know of ours.
  void clear_own_mark(const std::string& chain);

  [[nodiscard]] bool ipv4() const { return spec_.anchors.in.family == Family::ipv4; }
  [[nodiscard]] const IpHeader& header() const { return ipv4() ? ipv4_header : ipv6_header; }

 protected:
  [[nodiscard]] const LockSpec& spec() const { return spec_; }

 private:
  enum class Of : std::uint8_t { packet, quoted };
  void list(std::size_t number, bool with_quoted);
  // set_of is the name of a set with the keys of `test`: one that is there already, or this one.
  [[nodiscard]] std::string set_of(const std::string& name, LockTest test);
  nft::Expressions& load(nft::Expressions& rule, const LockShape& shape, Of of) const;
  [[nodiscard]] std::uint32_t type_of(const LockShape& shape) const;

  const LockSpec& spec_;
  std::vector<std::pair<std::string, LockTest>> sets_;  // that were made for lists
};

// The sets that both tables have: UDP ports, source and destination, and IPsec's protocols.
inline constexpr const char *lock_pair_set = "ports", *lock_protocol_set = "protocols";

// The first chain for what an ICMP error quotes.
inline constexpr const char* lock_quoted = "quoted-0";

inline constexpr std::uint16_t ike_port = 500, ike_nat_port = 4500;

using LockKey = std::vector<std::byte>;
[[nodiscard]] LockKey lock_key(std::span<const std::byte> octets);
[[nodiscard]] LockKey lock_port_pair(std::uint16_t source, std::uint16_t destination);

}  // namespace xfrm
