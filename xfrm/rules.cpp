// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/rules.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <netinet/in.h>

#include <array>
#include <cstdio>

#include "xfrm/kernel_address.h"
#include "xfrm/nft_objects.h"
#include "xfrm/rules_builder.h"

namespace xfrm {
namespace {

// RFC 4303 §2: the SPI comes first.
constexpr std::uint32_t esp_spi = 0, spi_size = 4;

// RFC 768: source and destination port come first.
constexpr std::uint32_t udp_ports = 0;

std::span<const std::byte> key_of(const std::uint32_t& number) {
  return std::as_bytes(std::span{&number, 1});
}

void add_inbound(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "inbound", {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW}));
  auto rule = to.in("inbound");
  rule.meta(NFT_META_IIFNAME)
      .in_set(wan_set)
      .meta(NFT_META_L4PROTO)
      .equals(std::uint8_t{IPPROTO_ESP})
      .transport(esp_spi, spi_size)
      .in_set(spi_set)
      .immediate(octets(spec.anchors.in));
  if (to.ipv4())
    rule.write_network_address(ipv4_header.destination);
  else
    rule.write_network(ipv6_header.destination, ipv6_header.address);
  to.rule("inbound", rule.rule());
}

void add_tag(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "tag", {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE}));
  to.rule("tag", to.in("tag")
                     .meta(NFT_META_IIFNAME)
                     .in_set(wan_set)
                     .meta(NFT_META_MARK)
                     .set_bits(spec.mark)
                     .set_meta(NFT_META_MARK)
                     .rule());
}

// Just before the stash, so after every rule that may change where a packet goes.
constexpr std::int32_t before_very_late = 999;

void add_guard(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(
      nft::make_chain(spec.table, "guard", {"filter", NF_INET_POST_ROUTING, before_very_late}));
  const auto strange = [&] {
    return std::move(to.in("guard")
                         .meta(NFT_META_OIFNAME)
                         .in_set(wan_set)
                         .meta(NFT_META_OIF)
                         .not_in_set(index_set));
  };
  for (const std::uint16_t port : spec.open_ports) {
    const std::array<std::uint16_t, 2> ports{htons(port), htons(port)};
    to.rule("guard", strange()
                         .meta(NFT_META_L4PROTO)
                         .equals(std::uint8_t{IPPROTO_UDP})
                         .transport(udp_ports, sizeof ports)
                         .equals(std::as_bytes(std::span{ports}))
                         .verdict(NF_ACCEPT)
                         .rule());
  }
  if (!to.ipv4()) {
    // Who the neighbours are may be found out: without that nothing is said to anybody.
    for (const std::uint8_t type : on_link_icmp)
      to.rule("guard", strange()
                           .meta(NFT_META_L4PROTO)
                           .equals(std::uint8_t{IPPROTO_ICMPV6})
                           .transport(icmp_type, sizeof type)
                           .equals(type)
                           .verdict(NF_ACCEPT)
                           .rule());
  }
  to.rule("guard", strange().verdict(NF_DROP).rule());
}

void add_stash(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "stash", {"filter", NF_INET_POST_ROUTING, very_late}));
  to.rule("stash", to.in("stash")
                       .transform_destination(Family::ipv4)
                       .equals(octets(spec.anchors.out))
                       .network(ipv4_header.destination, ipv4_header.address)
                       .set_meta(NFT_META_MARK)
                       .network(ipv4_header.source, ipv4_header.address)
                       .set_meta(NFT_META_PRIORITY)
                       .rule());
}

void add_restore(RulesBuilder& to, const RulesSpec& spec) {
  const std::array<std::byte, 4> zero{};
  to.chain(nft::make_chain(spec.table, "restore", {"route", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW}));
  to.rule("restore", to.in("restore")
                         .network(ipv4_header.protocol, 1)
                         .equals(std::uint8_t{IPPROTO_ESP})
                         .network(ipv4_header.destination, ipv4_header.address)
                         .equals(octets(spec.anchors.out))
                         .meta(NFT_META_MARK)
                         .write_network_address(ipv4_header.destination)
                         .meta(NFT_META_PRIORITY)
                         .write_network_address(ipv4_header.source)
                         .immediate(zero)
                         .set_meta(NFT_META_MARK)
                         .set_meta(NFT_META_PRIORITY)
                         .rule());
}

void add_defrag(RulesBuilder& to, const RulesSpec& spec) {
  constexpr std::array port{std::byte{0}, std::byte{9}};  // the discard service's: never used
  to.chain(nft::make_chain(spec.table, "defrag"));
  to.rule("defrag", to.in("defrag")
                        .meta(NFT_META_L4PROTO)
                        .equals(std::uint8_t{IPPROTO_UDP})
                        .immediate(port)
                        .tproxy(to.family())
                        .rule());
}

void put_element(Transaction& transaction, const std::string& table, Family family, const char* set,
                 std::span<const std::byte> key, const std::string& name, std::uint16_t type) {
  const auto object = nft::make_set(table, set);
  nft::add_element(*object, key);
  const std::uint16_t flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
  transaction.add(type, flags, kernel_family(family), table_name(table, family) + ", " + name,
                  [&](nlmsghdr& m) { ::nftnl_set_elems_nlmsg_build_payload(&m, object.get()); });
}

void put_spi(Transaction& transaction, const std::string& table, Family family, std::uint32_t spi,
             std::uint16_t type) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "SPI 0x%08x", spi);
  put_element(transaction, table, family, spi_set, key_of(htonl(spi)), text.data(), type);
}

void put_index(Transaction& transaction, const std::string& table, Family family, int index,
               std::uint16_t type) {
  put_element(transaction, table, family, index_set, key_of(static_cast<std::uint32_t>(index)),
              "interface number " + std::to_string(index), type);
}

}  // namespace

std::string table_name(const std::string& table, Family family) {
  return (family == Family::ipv4 ? "nftables table ip " : "nftables table ip6 ") + table;
}

void add_rules(Transaction& transaction, const RulesSpec& spec) {
  RulesBuilder to{transaction, spec};
  to.table();
  to.interfaces_set();
  to.spis_set();
  to.indices_set();
  const Family family = spec.anchors.in.family;
  for (const auto& interface : spec.interfaces) to.interface_element(interface);
  for (const auto spi : spec.spis) add_spi(transaction, spec.table, family, spi);
  for (const int index : spec.indices) add_index(transaction, spec.table, family, index);
  add_inbound(to, spec);
  add_tag(to, spec);
  add_guard(to, spec);
  if (to.ipv4()) {
    add_stash(to, spec);
    add_restore(to, spec);
  } else {
    add_stash_ipv6(to);
    add_restore_ipv6(to);
    add_local_ipv6(to);
  }
  add_defrag(to, spec);
}

void delete_table(Transaction& transaction, const std::string& table, Family family) {
  const auto object = nft::make_table(table);
  transaction.add(NFT_MSG_DELTABLE, 0, kernel_family(family), table_name(table, family),
                  [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, object.get()); });
}

void add_spi(Transaction& transaction, const std::string& table, Family family, std::uint32_t spi) {
  put_spi(transaction, table, family, spi, NFT_MSG_NEWSETELEM);
}

void delete_spi(Transaction& transaction, const std::string& table, Family family,
                std::uint32_t spi) {
  put_spi(transaction, table, family, spi, NFT_MSG_DELSETELEM);
}

void add_index(Transaction& transaction, const std::string& table, Family family, int index) {
  put_index(transaction, table, family, index, NFT_MSG_NEWSETELEM);
}

void delete_index(Transaction& transaction, const std::string& table, Family family, int index) {
  put_index(transaction, table, family, index, NFT_MSG_DELSETELEM);
}

}  // namespace xfrm
