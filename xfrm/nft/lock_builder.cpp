// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/lock_builder.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

#include <array>

namespace xfrm {
namespace {

constexpr std::uint32_t port_octets = 2, ports_octets = 8;
constexpr std::uint32_t nft_type_ports = nft_type_port << 6 | nft_type_port;

// RFC 792, RFC 4443 section 2.1: the quoted packet follows 8 octets.
constexpr std::uint32_t quoted_at = 8, ipv4_header_octets = 20, ipv6_header_octets = 40;

std::string list_chain(std::size_t number) { return "list-" + std::to_string(number); }
std::string quoted_chain(std::size_t number) { return "quoted-" + std::to_string(number); }

}  // namespace

LockKey lock_key(std::span<const std::byte> octets) { return {octets.begin(), octets.end()}; }

LockKey lock_port_pair(std::uint16_t source, std::uint16_t destination) {
  // Each takes a word.
  const std::array<std::uint16_t, 4> ports{htons(source), 0, htons(destination), 0};
  return lock_key(std::as_bytes(std::span{ports}));
}

void LockBuilder::protocols_set() {
  set(lock_protocol_set, nft_type_protocol, 1);
  std::vector<LockKey> keys;
  for (const int protocol : {IPPROTO_ESP, IPPROTO_AH, IPPROTO_COMP})
    keys.push_back({static_cast<std::byte>(protocol)});
  elements(lock_protocol_set, keys);
}

void LockBuilder::pairs_set(const char* name, std::span<const LockKey> pairs) {
  set(name, nft_type_ports, ports_octets);
  elements(name, pairs);
}

// load puts what a test looks at into registers, as lock_plan.h has it in its keys.
nft::Expressions& LockBuilder::load(nft::Expressions& rule, const LockShape& shape, Of of) const {
  std::uint32_t next = 0;  // register
  const std::uint32_t address = header().address;
  const std::uint32_t upper = quoted_at + (ipv4() ? ipv4_header_octets : ipv6_header_octets);
  const auto field = [&](std::uint32_t offset, std::uint32_t octets,
                         std::span<const std::byte> mask) {
    rule.at(nft::word_register(next));
    if (of == Of::packet)
      rule.network(offset, octets);
    else
      rule.transport(quoted_at + offset, octets);
    if (!mask.empty()) rule.masked(mask);
    next += (octets + 3) / 4;
  };
  const auto prefix = [&](std::uint32_t offset, std::uint8_t length) {
    if (length == 0) return;
    const bool whole = length == 8 * address;
    field(offset, address, whole ? std::vector<std::byte>{} : lock_mask(length, address));
  };
  prefix(header().source, shape.source);
  prefix(header().destination, shape.destination);
  if (shape.protocol && of == Of::packet)
    rule.at(nft::word_register(next++)).meta(NFT_META_L4PROTO);
  else if (shape.protocol)
    field(header().protocol, 1, {});
  const std::uint32_t size = shape.icmp ? 1 : port_octets;
  const auto port = [&](std::uint32_t offset, std::uint16_t mask) {
    if (mask == 0) return;
    rule.at(nft::word_register(next++));
    rule.transport(offset + (of == Of::packet ? 0 : upper), size);
    const std::uint16_t bits = shape.icmp ? static_cast<std::uint8_t>(mask) : htons(mask);
    const auto mask_octets = std::as_bytes(std::span{&bits, 1}).first(size);
    const bool whole = shape.icmp ? (mask & 0xff) == 0xff : mask == 0xffff;
    if (!whole) rule.masked(mask_octets);
  };
  port(0, shape.source_port_mask);
  port(size, shape.destination_port_mask);
  return rule.at(nft::word_register(0));
}

// type_of is how nft shows a set: its types, six bits each.
std::uint32_t LockBuilder::type_of(const LockShape& shape) const {
  std::uint32_t out = 0;
  const auto add = [&](std::uint32_t type) { out = out << 6 | type; };
  const std::uint32_t address = ipv4() ? nft_type_ipv4 : nft_type_ipv6;
  if (shape.icmp && shape.destination_port_mask != 0) return nft_type_none;
  if (shape.source != 0) add(address);
  if (shape.destination != 0) add(address);
  if (shape.protocol) add(nft_type_protocol);
  const std::uint32_t icmp = ipv4() ? nft_type_icmp : nft_type_icmpv6;
  if (shape.source_port_mask != 0) add(shape.icmp ? icmp : nft_type_port);
  if (shape.destination_port_mask != 0) add(nft_type_port);
  return out;
}

std::string LockBuilder::set_of(const std::string& name, LockTest test) {
  for (const auto& [known, content] : sets_)
    if (content == test) return known;
  set(name, type_of(test.shape), static_cast<std::uint32_t>(test.keys.front().size()));
  elements(name, test.keys);
  sets_.emplace_back(name, std::move(test));
  return name;
}

// A chain list-N returns what may not be in clear, and accepts the rest; what a line of its own
// lets pass is no business of the groups that follow. A chain quoted-N goes on to the next, and at
// last drops, what may not be in clear, and returns the rest.
void LockBuilder::list(std::size_t number, bool with_quoted) {
  const std::string chain_name = list_chain(number), quoted = quoted_chain(number);
  const bool last = number + 1 == spec_.lists.size();
  const std::string forbidden = last ? lock_dropped_out : quoted_chain(number + 1);
  chain(nft::make_chain(table_of(), chain_name));
  auto layers = lock_layers(spec_.lists[number]);
  if (!layers.empty() && layers.back().in_clear && !spec_.others_follow) layers.pop_back();
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t t = 0; t < layers[l].tests.size(); ++t) {
      const LockShape shape = layers[l].tests[t].shape;
      std::string name =
          "l" + std::to_string(number) + "." + std::to_string(l) + "." + std::to_string(t);
      const bool all = layers[l].tests[t].keys.front().empty();  // the line looks at nothing
      if (!all) name = set_of(name, std::move(layers[l].tests[t]));
      const auto test = [&](const std::string& from, Of of) {
        auto rule = in(from);
        if (!all) load(rule, shape, of).in_set(name);
        return rule;
      };
      auto rule = test(chain_name, Of::packet);
      if (!layers[l].in_clear)
        rule.verdict(NFT_RETURN);
      else if (spec_.others_follow)
        rule.go_to("pass");
      else
        rule.verdict(NF_ACCEPT);
      TableBuilder::rule(chain_name, rule.rule());
      if (!with_quoted) continue;
      auto of_quoted = test(quoted, Of::quoted);
      if (layers[l].in_clear)
        of_quoted.verdict(NFT_RETURN);
      else
        of_quoted.go_to(forbidden);
      TableBuilder::rule(quoted, of_quoted.rule());
    }
  }
  rule(chain_name, in(chain_name).verdict(NF_ACCEPT).rule());
}

void LockBuilder::networks(const std::string& name, const std::string& to) {
  chain(nft::make_chain(table_of(), name));
  auto layers = lock_layers(lock_networks(spec_.lists.back()));
  for (std::size_t l = 0; l < layers.size(); ++l) {
    for (std::size_t t = 0; t < layers[l].tests.size(); ++t) {
      LockTest& test = layers[l].tests[t];
      const LockShape shape = test.shape;
      auto rule = in(name);
      if (!test.keys.front().empty())
        load(rule, shape, Of::packet)
            .in_set(set_of("n." + std::to_string(l) + "." + std::to_string(t), std::move(test)));
      if (layers[l].in_clear)
        rule.verdict(NFT_RETURN);
      else
        rule.go_to(to);
      TableBuilder::rule(name, rule.rule());
    }
  }
}

void LockBuilder::dropping(const char* name) {
  chain(nft::make_chain(table_of(), name));
  rule(name, in(name).count().verdict(NF_DROP).rule());
}

void LockBuilder::lists(bool with_quoted) {
  if (spec_.others_follow) {
    chain(nft::make_chain(table_of(), "pass"));
    rule("pass", in("pass")
                     .meta(NFT_META_MARK)
                     .set_bits(spec_.mark)
                     .set_meta(NFT_META_MARK)
                     .verdict(NF_ACCEPT)
                     .rule());
  }
  for (std::size_t i = 0; with_quoted && i < spec_.lists.size(); ++i)
    chain(nft::make_chain(table_of(), quoted_chain(i)));
  // An error that quotes ESP shows nothing.
  if (with_quoted)
    rule(quoted_chain(0), in(quoted_chain(0))
                              .transport(quoted_at + header().protocol, 1)
                              .equals(std::uint8_t{IPPROTO_ESP})
                              .verdict(NFT_RETURN)
                              .rule());
  for (std::size_t i = 0; i < spec_.lists.size(); ++i) list(i, with_quoted);
}

void LockBuilder::judge(const std::string& chain, const char* dropped) {
  for (std::size_t i = 0; i < spec_.lists.size(); ++i)
    rule(chain, in(chain).jump(list_chain(i)).rule());
  rule(chain, in(chain).go_to(dropped).rule());
}

nft::Expressions LockBuilder::udp_pairs(const std::string& chain, const char* set) const {
  return std::move(
      in(chain).meta(NFT_META_L4PROTO).equals(std::uint8_t{IPPROTO_UDP}).ports().in_set(set));
}

void LockBuilder::exempt_pairs(const std::string& chain) {
  rule(chain, udp_pairs(chain, lock_pair_set).verdict(NF_ACCEPT).rule());
}

void LockBuilder::clear_own_mark(const std::string& chain) {
  if (!spec_.others_follow || (spec_.earlier_marks & spec_.mark) != 0) return;
  rule(chain, in(chain).meta(NFT_META_MARK).clear_bits(spec_.mark).set_meta(NFT_META_MARK).rule());
}

// The bit of a group says here that a line of its list lets the packet pass in clear.
void LockBuilder::exempt_other_groups(const std::string& chain) {
  const std::uint32_t none = 0;
  if (spec_.earlier_marks != 0)
    rule(chain, in(chain)
                    .meta(NFT_META_MARK)
                    .masked(octets_of(spec_.earlier_marks))
                    .differs(octets_of(none))
                    .verdict(NF_ACCEPT)
                    .rule());
}

}  // namespace xfrm
