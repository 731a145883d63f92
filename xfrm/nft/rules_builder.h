// SPDX-License-Identifier: GPL-2.0-or-later
// RulesBuilder fills a transaction with the objects of one table.
#pragma once

#include <cstdint>
#include <string>

#include "xfrm/nft/nft_objects.h"
#include "xfrm/nft/rules.h"

namespace xfrm {

// IpHeader says where a family's header has what the rules read and write. RFC 791 section 3.1,
// RFC 8200 section 3.
struct IpHeader {
  std::uint32_t protocol, source, destination, address;
};
inline constexpr IpHeader ipv4_header{9, 12, 16, 4}, ipv6_header{6, 8, 24, 16};

class RulesBuilder {
 public:
  RulesBuilder(Transaction& transaction, const RulesSpec& spec)
      : out_{transaction}, spec_{spec}, header_{ipv4() ? ipv4_header : ipv6_header} {}

  void table();
  void interfaces_set();
  void spis_set();
  void indices_set();
  void anchors_set();
  // map makes one that packets fill: elements have an end of life, and there are at most `size`.
  void map(const char* name, std::uint32_t key_length, std::uint32_t data_length,
           std::uint32_t size);
  void interface_element(const std::string& interface);
  void chain(const nft::Chain& chain);
  void rule(const std::string& chain, const nft::Rule& rule);

  [[nodiscard]] nft::Expressions in(const std::string& chain) const {
    return nft::Expressions{spec_.table, chain};
  }
  [[nodiscard]] Family family() const { return spec_.anchors.in.family; }
  [[nodiscard]] bool ipv4() const { return family() == Family::ipv4; }
  [[nodiscard]] const IpHeader& header() const { return header_; }
  [[nodiscard]] const RulesSpec& spec() const { return spec_; }

 private:
  void add_set(const std::string& name, const nft::Set& set);

  Transaction& out_;
  const RulesSpec& spec_;
  const IpHeader header_;
  std::uint32_t sets_ = 0;
};

[[nodiscard]] std::span<const std::byte> octets(const Address& address);

// After every source NAT (100), so that the addresses kept are those the network is to see.
inline constexpr std::int32_t very_late = 1000;

inline constexpr std::uint32_t icmp_type = 0;  // RFC 4443 section 2.1: it comes first

}  // namespace xfrm
