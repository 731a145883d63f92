// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/sender_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>

#include <charconv>
#include <cstring>
#include <map>

namespace xfrm {
namespace {

constexpr std::string_view map_prefix = "senders-";

using Elements = std::vector<std::vector<std::byte>>;

std::string map_name(std::uint8_t length) {
  return std::string{map_prefix} + std::to_string(length);
}

Elements spi_keys(const std::vector<std::uint32_t>& spis) {
  Elements out;
  for (const std::uint32_t spi : spis) {
    const std::uint32_t octets = htonl(spi);
    const auto key = std::as_bytes(std::span{&octets, 1});
    out.emplace_back(key.begin(), key.end());
  }
  return out;
}

}  // namespace

std::optional<std::uint8_t> sender_length(std::string_view set) {
  if (!set.starts_with(map_prefix)) return std::nullopt;
  set.remove_prefix(map_prefix.size());
  std::uint8_t length = 0;
  const auto [end, error] = std::from_chars(set.data(), set.data() + set.size(), length);
  if (error != std::errc{} || end != set.data() + set.size()) return std::nullopt;
  return length;
}

nft::Expressions& address_to(nft::Expressions& rule, const RulesBuilder& to) {
  if (to.ipv4())
    rule.write_network_address(ipv4_header.destination);
  else
    rule.write_network(ipv6_header.destination, ipv6_header.address);
  return rule.notrack();
}

void add_senders(RulesBuilder& to) {
  const RulesSpec& spec = to.spec();
  const std::uint32_t octets_each = to.header().address;
  to.chain(nft::make_chain(spec.table, senders_chain));
  to.spis_set(bare_set);
  to.elements(bare_set, spi_keys(spec.bare));
  std::map<std::uint8_t, Elements, std::greater<>> by_length;  // the longest first
  for (const Sender& sender : spec.senders) {
    auto& element = by_length[sender.network.length].emplace_back();
    for (const Address* address : {&sender.network.address, &sender.anchor}) {
      const auto bytes = octets(*address);
      element.insert(element.end(), bytes.begin(), bytes.end());
    }
  }

  auto bare = to.in(senders_chain);
  bare.transport(esp_spi, spi_size).in_set(bare_set).immediate(octets(spec.anchors.in));
  to.rule(senders_chain, address_to(bare, to).verdict(NF_ACCEPT).rule());
  for (const auto& [length, elements] : by_length) {
    const std::string map = map_name(length);
    to.address_map(map, octets_each);
    to.elements(map, elements, octets_each);
    auto rule = to.in(senders_chain);
    rule.network(to.header().source, octets_each);
    if (length < 8 * octets_each) rule.masked(prefix_mask(length, octets_each));
    to.rule(senders_chain,
            address_to(rule.look_up(map, nft::Register::first), to).verdict(NF_ACCEPT).rule());
  }
  auto rest = to.in(senders_chain);
  if (spec.drop_unknown)
    to.rule(senders_chain, rest.count().verdict(NF_DROP).rule());
  else
    to.rule(senders_chain, address_to(rest.immediate(octets(spec.anchors.in)), to).rule());
}

}  // namespace xfrm
