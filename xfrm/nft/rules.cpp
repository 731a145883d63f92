// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/rules.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "xfrm/base/describe.h"
#include "xfrm/base/icmpv6.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/multicast_rules.h"
#include "xfrm/nft/nft_objects.h"
#include "xfrm/nft/rules_builder.h"
#include "xfrm/nft/rules_ipv4.h"
#include "xfrm/nft/rules_ipv6.h"
#include "xfrm/nft/segment_size.h"
#include "xfrm/nft/sender_rules.h"

namespace xfrm {
namespace {

// RFC 768: source and destination port come first.
constexpr std::uint32_t udp_ports = 0;

std::span<const std::byte> key_of(const std::uint32_t& number) {
  return std::as_bytes(std::span{&number, 1});
}

// begins_as_anchor goes on with: the address there has the bits that the first words of both
// anchors have in common. Every packet is asked that, and hardly any goes on to the look-up.
nft::Expressions& begins_as_anchor(nft::Expressions& rule, const RulesBuilder& to,
                                   std::uint32_t offset) {
  std::uint32_t in = 0, out = 0;
  std::memcpy(&in, to.spec().anchors.in.bytes.data(), sizeof in);
  std::memcpy(&out, to.spec().anchors.out.bytes.data(), sizeof out);
  std::uint32_t mask = ~(in ^ out);
  if (to.has_senders()) {
    std::uint32_t pool = 0, within = 0;
    std::memcpy(&pool, to.spec().pool.address.bytes.data(), sizeof pool);
    const auto bits = prefix_mask(to.spec().pool.length, to.header().address);
    std::memcpy(&within, bits.data(), sizeof within);
    mask &= ~(in ^ pool) & within;
  }
  const std::uint32_t bits = in & mask;
  rule.network(offset, sizeof bits);
  if (~mask != 0) rule.masked(std::as_bytes(std::span{&mask, 1}));
  return rule.equals(std::as_bytes(std::span{&bits, 1}));
}

// drop_anchors: only our own rules address anything to or from an anchor. What a VRF takes comes
// by once more, as from the VRF's own device, and may then be addressed to IN by our own rule.
void drop_anchors(RulesBuilder& to) {
  constexpr std::array<char, IFNAMSIZ> vrf{"vrf"};
  for (const auto offset : {to.header().source, to.header().destination}) {
    auto rule = to.in("inbound");
    to.rule("inbound", begins_as_anchor(rule, to, offset).jump("anchored").rule());
  }
  to.rule("anchored", to.in("anchored")
                          .meta(NFT_META_IIFKIND)
                          .equals(std::as_bytes(std::span{vrf}))
                          .verdict(NF_ACCEPT)
                          .rule());
  for (const auto offset : {to.header().source, to.header().destination})
    to.rule("anchored", to.in("anchored")
                            .network(offset, to.header().address)
                            .in_set(anchor_set)
                            .verdict(NF_DROP)
                            .rule());
  if (!to.has_senders()) return;
  for (const auto offset : {to.header().source, to.header().destination}) {
    auto rule = to.in("anchored");
    to.rule("anchored", to.of_pool(rule.network(offset, to.header().address), nft::Expected::yes)
                            .verdict(NF_DROP)
                            .rule());
  }
}

void add_inbound(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "anchored"));
  to.chain(nft::make_chain(spec.table, "inbound", {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW}));
  drop_anchors(to);
  if (!to.ipv4()) drop_echo_ipv6(to);
  auto rule = to.in("inbound");
  rule.meta(NFT_META_L4PROTO).equals(std::uint8_t{IPPROTO_ESP});
  to.by_wan(rule, NFT_META_IIFNAME).transport(esp_spi, spi_size).in_set(spi_set);
  if (to.has_senders()) {
    add_senders(to);
    to.rule("inbound", rule.go_to(senders_chain).rule());
  } else {
    to.rule("inbound", address_to(rule.immediate(octets(spec.anchors.in)), to).rule());
  }
}

void mark_in(RulesBuilder& to, const char* chain) {
  auto rule = to.in(chain);
  to.rule(chain, to.by_wan(rule, NFT_META_IIFNAME)
                     .meta(NFT_META_MARK)
                     .set_bits(to.spec().mark)
                     .set_meta(NFT_META_MARK)
                     .rule());
}

void add_tag(RulesBuilder& to) {
  const auto put = [&](const char* chain, std::uint32_t hook) {
    to.chain(nft::make_chain(to.spec().table, chain, {"filter", hook, very_late}));
  };
  put("tag", NF_INET_PRE_ROUTING);
  mark_in(to, "tag");
  const RulesSpec& spec = to.spec();
  if (spec.mss != 0)
    for (auto& rule : to.decrypted([&] { return to.in("tag"); }))
      to.rule("tag", clamp(std::move(rule), spec.mss));
  put("tag-local", NF_INET_LOCAL_IN);
  mark_in(to, "tag-local");
}

// The guard's chain is for what leaves by a WAN's name. Most of it passes by the second rule.
void add_guard(RulesBuilder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "guard"));
  auto to_anchor = to.in("guard");
  to.rule("guard", begins_as_anchor(to_anchor, to, to.header().destination)
                       .network(to.header().destination, to.header().address)
                       .in_set(anchor_set)
                       .verdict(NF_DROP)
                       .rule());
  if (to.has_senders()) {
    auto to_sender = to.in("guard");
    begins_as_anchor(to_sender, to, to.header().destination)
        .network(to.header().destination, to.header().address);
    to.rule("guard", to.of_pool(to_sender, nft::Expected::yes).verdict(NF_DROP).rule());
  }
  if (!to.ipv4()) add_own_ipv6(to);
  to.rule("guard", to.in("guard").meta(NFT_META_OIF).in_set(index_set).verdict(NF_ACCEPT).rule());
  for (const std::uint16_t port : spec.open_ports) {
    const std::array<std::uint16_t, 2> ports{htons(port), htons(port)};
    to.rule("guard", to.in("guard")
                         .meta(NFT_META_L4PROTO)
                         .equals(std::uint8_t{IPPROTO_UDP})
                         .transport(udp_ports, sizeof ports)
                         .equals(std::as_bytes(std::span{ports}))
                         .verdict(NF_ACCEPT)
                         .rule());
  }
  if (!to.ipv4()) {
    // Who the neighbours are may be found out: without that nothing is said to anybody.
    for (const std::uint8_t type : on_link_icmpv6_types)
      to.rule("guard", to.in("guard")
                           .meta(NFT_META_L4PROTO)
                           .equals(std::uint8_t{IPPROTO_ICMPV6})
                           .transport(icmp_type, sizeof type)
                           .equals(type)
                           .verdict(NF_ACCEPT)
                           .rule());
  }
  to.rule("guard", to.in("guard").verdict(NF_DROP).rule());
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

// fill_stash: what is about to be transformed leaves the chain with the family's rules; the guard
// sees it again, as ESP.
void fill_stash(RulesBuilder& to) {
  const RulesSpec& spec = to.spec();
  if (spec.mss != 0)
    to.rule("stash", clamp(std::move(to.in("stash")
                                         .transform_destination(to.family(), XFRM_POLICY_OUT)
                                         .equals(octets(spec.anchors.out))),
                           spec.mss));
  if (to.ipv4())
    fill_stash_ipv4(to);
  else
    fill_stash_ipv6(to);
  auto others = to.in("stash");
  to.rule("stash", to.by_wan(others, NFT_META_OIFNAME).go_to("guard").rule());
}

// add_stash makes the last chain of all, behind every rule that may change where a packet goes.
void add_stash(RulesBuilder& to) {
  to.chain(nft::make_chain(to.spec().table, "stash", {"filter", NF_INET_POST_ROUTING, very_late}));
  if (!to.ipv4()) add_tokens_ipv6(to);
  fill_stash(to);
}

}  // namespace

std::string table_name(const std::string& table, Family family) {
  return table_name(table, kernel_family(family));
}

std::string table_name(const std::string& table, std::uint16_t family) {
  const char* of = family == NFPROTO_IPV4 ? "ip " : family == NFPROTO_IPV6 ? "ip6 " : "netdev ";
  return std::string{"nftables table "} + of + table;
}

void add_rules(Transaction& transaction, const RulesSpec& spec) {
  RulesBuilder to{transaction, spec};
  to.table(spec.comment);
  to.interfaces_set();
  to.spis_set();
  to.indices_set();
  to.anchors_set();
  const Family family = spec.anchors.in.family;
  for (const auto& interface : spec.interfaces) to.interface_element(interface);
  for (const Address& anchor : {spec.anchors.in, spec.anchors.out})
    put_element(transaction, spec.table, family, anchor_set, octets(anchor),
                "anchor " + describe(anchor), NFT_MSG_NEWSETELEM);
  for (const auto spi : spec.spis) add_spi(transaction, spec.table, family, spi);
  for (const int index : spec.indices) add_index(transaction, spec.table, family, index);
  add_inbound(to, spec);
  add_tag(to);
  add_guard(to, spec);
  add_stash(to);
  if (to.ipv4()) {
    add_restore_ipv4(to);
  } else {
    add_restore_ipv6(to);
    add_local_ipv6(to);
  }
  add_defrag(to, spec);
  add_multicast(to);
}

void delete_table(Transaction& transaction, const std::string& table, Family family) {
  delete_table(transaction, table, kernel_family(family));
}

void delete_table(Transaction& transaction, const std::string& table, std::uint16_t family) {
  const auto object = nft::make_table(table);
  transaction.add(NFT_MSG_DELTABLE, 0, family, table_name(table, family),
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
