// SPDX-License-Identifier: GPL-2.0-or-later
// What puts the objects of a table into a transaction.
#pragma once

#include <net/if.h>

#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "xfrm/nft/nft_objects.h"
#include "xfrm/nft/rules.h"

namespace xfrm {

// IpHeader says where a family's header has what the rules read and write. RFC 791 section 3.1,
// RFC 8200 section 3.
struct IpHeader {
  std::uint32_t protocol, source, destination, address;
};
inline constexpr IpHeader ipv4_header{9, 12, 16, 4}, ipv6_header{6, 8, 24, 16};

// nft's own numbers of types. The kernel only keeps them, for `nft list` to show a set well.
inline constexpr std::uint32_t nft_type_none = 0, nft_type_ipv4 = 7, nft_type_ipv6 = 8,
                               nft_type_protocol = 12, nft_type_port = 13, nft_type_icmp = 14,
                               nft_type_index = 20, nft_type_icmpv6 = 29, nft_type_ifname = 41;

// interface_key is an interface's name as the kernel compares it.
[[nodiscard]] std::array<std::byte, IFNAMSIZ> interface_key(const std::string& name);

// prefix_mask has the bits that a prefix of this length compares.
[[nodiscard]] std::vector<std::byte> prefix_mask(std::uint8_t length, std::size_t octets);

// add_elements adds some to a set, many a message. The last `data_octets` of each are what a map
// has for the rest.
void add_elements(Transaction& to, const std::string& table, std::uint16_t family,
                  const std::string& set, std::span<const std::vector<std::byte>> keys,
                  std::size_t data_octets = 0);
// delete_elements takes some out of it.
void delete_elements(Transaction& to, const std::string& table, std::uint16_t family,
                     const std::string& set, std::span<const std::vector<std::byte>> keys,
                     std::size_t data_octets = 0);

// TableBuilder fills a transaction with the objects of one table.
class TableBuilder {
 public:
  // `family` is netfilter's: NFPROTO_...
  TableBuilder(Transaction& transaction, std::string table, std::uint16_t family)
      : out_{transaction}, table_{std::move(table)}, family_{family} {}

  void table(const std::string& comment, std::uint32_t flags = 0);
  // Sets of values of one kind.
  void interfaces_set();
  void spis_set(const char* name = spi_set);
  void indices_set();
  // set makes one of keys with that many octets; nft's own number says how it shows them.
  void set(const std::string& name, std::uint32_t nft_type, std::uint32_t key_octets);
  // counted_set makes one that packets fill, with at most `size` elements
  // (Expressions::count_element).
  void counted_set(const std::string& name, std::uint32_t key_octets, std::uint32_t size);
  // address_map makes a map from addresses to addresses that rules only look into.
  void address_map(const std::string& name, std::uint32_t octets);
  void elements(const std::string& set, std::span<const std::vector<std::byte>> keys,
                std::size_t data_octets = 0);
  void interface_element(const std::string& interface);
  // set makes one as it was read; its elements come by elements(), which remove_elements undoes.
  void set(const nftnl_set& set);
  void remove_elements(const std::string& set, std::span<const std::vector<std::byte>> keys,
                       std::size_t data_octets = 0);
  // flush_set takes all elements out of a set, whoever put them in; remove_set removes a set that
  // no rule refers to.
  void flush_set(const std::string& name);
  void remove_set(const std::string& name);
  void chain(const nft::Chain& chain);
  // flush takes all rules out of a chain; remove takes one away that is empty and goes unnamed.
  void flush(const std::string& chain);
  void remove(const std::string& chain);
  void rule(const std::string& chain, const nft::Rule& rule);

  [[nodiscard]] nft::Expressions in(const std::string& chain) const {
    return nft::Expressions{table_, chain};
  }

 protected:
  void add_set(const std::string& name, const nft::Set& set);
  [[nodiscard]] const std::string& table_of() const { return table_; }

 private:
  Transaction& out_;
  const std::string table_;
  const std::uint16_t family_;
  std::uint32_t sets_ = 0;
};

// RulesBuilder is one for the table of a RulesSpec.
class RulesBuilder : public TableBuilder {
 public:
  RulesBuilder(Transaction& transaction, const RulesSpec& spec);

  void anchors_set();
  // map makes one that packets fill: elements have an end of life, and there are at most `size`.
  void map(const char* name, std::uint32_t key_length, std::uint32_t data_length,
           std::uint32_t size);

  // by_wan goes on with: the name of the interface that `key` speaks of (NFT_META_IIFNAME or
  // _OIFNAME) is a WAN's. Every packet is asked that, so a single name is compared, not looked up.
  nft::Expressions& by_wan(nft::Expressions& rule, nft_meta_keys key) const;

  // of_pool goes on with: the address that was loaded is, or is not, an anchor of a sender.
  nft::Expressions& of_pool(nft::Expressions& rule, nft::Expected expected) const;
  // decrypted goes on with: came through a state of ours. One rule for states to IN, and one for
  // those of senders; `begin` begins each.
  [[nodiscard]] std::vector<nft::Expressions> decrypted(
      const std::function<nft::Expressions()>& begin) const;
  [[nodiscard]] bool has_senders() const { return !spec_.senders.empty() || spec_.drop_unknown; }

  [[nodiscard]] Family family() const { return spec_.anchors.in.family; }
  [[nodiscard]] bool ipv4() const { return family() == Family::ipv4; }
  [[nodiscard]] const IpHeader& header() const { return header_; }
  [[nodiscard]] const RulesSpec& spec() const { return spec_; }

 private:
  const RulesSpec& spec_;
  const IpHeader header_;
};

[[nodiscard]] std::span<const std::byte> octets(const Address& address);

// After every source NAT (100), so that the addresses kept are those the network is to see.
inline constexpr std::int32_t very_late = 1000;

inline constexpr std::uint32_t icmp_type = 0;  // RFC 4443 section 2.1: it comes first

}  // namespace xfrm
