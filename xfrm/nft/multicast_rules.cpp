// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/multicast_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include <array>

#include "xfrm/nft/multicast.h"

namespace xfrm {
namespace {

// RFC 768 and others: source and destination port come first.
constexpr std::uint32_t source_port = 0, destination_port = 2, port_size = 2;
constexpr std::uint16_t whole_port = 0xffff;

void match_prefix(nft::Expressions& out, std::uint32_t offset, const Prefix& prefix) {
  if (prefix.length == 0) return;
  const auto address = octets(prefix.address);
  out.network(offset, static_cast<std::uint32_t>(address.size()));
  if (prefix.length < 8 * address.size()) out.masked(prefix_mask(prefix.length, address.size()));
  out.equals(address);
}

void match_port(nft::Expressions& out, std::uint32_t offset, std::uint16_t port,
                std::uint16_t mask) {
  if (port == 0) return;
  const std::uint16_t value = htons(port), bits = htons(mask);
  out.transport(offset, port_size);
  if (mask != whole_port) out.masked(std::as_bytes(std::span{&bits, 1}));
  out.equals(std::as_bytes(std::span{&value, 1}));
}

// match begins a rule with what an ACE matches.
nft::Expressions match(const RulesBuilder& to, const char* chain, const Selector& selector) {
  auto out = to.in(chain);
  match_prefix(out, to.header().source, selector.source);
  match_prefix(out, to.header().destination, selector.destination);
  if (selector.protocol != 0) out.meta(NFT_META_L4PROTO).equals(selector.protocol);
  if (selector.protocol == IPPROTO_ICMPV6) {
    // The kernel's selectors have its type where ports are.
    if (selector.source_port == 0) return out;
    const std::array bits{static_cast<std::byte>(selector.source_port_mask)};
    out.transport(icmp_type, 1);
    if (selector.source_port_mask != whole_port) out.masked(bits);
    out.equals(static_cast<std::uint8_t>(selector.source_port));
    return out;
  }
  match_port(out, source_port, selector.source_port, selector.source_port_mask);
  match_port(out, destination_port, selector.destination_port, selector.destination_port_mask);
  return out;
}

// add_others returns what is for others to judge.
void add_others(std::vector<nft::Rule>& out, const RulesBuilder& to, const char* chain,
                std::uint8_t direction) {
  const Anchors& anchors = to.spec().anchors;
  const bool in = direction == XFRM_POLICY_IN;
  auto rule = to.in(chain);
  rule.transform_destination(to.family(), direction).differs(octets(in ? anchors.in : anchors.out));
  if (in && to.has_senders()) to.of_pool(rule, nft::Expected::no);
  out.push_back(rule.verdict(NFT_RETURN).rule());
}

// add_open returns GDOI, which has a protection of its own: a rekey may come from a key server that
// the ACL does not let pass, for the socket that waits for it has a policy of its own.
void add_open(std::vector<nft::Rule>& out, const RulesBuilder& to, const char* chain) {
  for (const std::uint16_t port : to.spec().open_ports) {
    const std::array<std::uint16_t, 2> ports{htons(port), htons(port)};
    out.push_back(to.in(chain)
                      .meta(NFT_META_L4PROTO)
                      .equals(std::uint8_t{IPPROTO_UDP})
                      .transport(source_port, sizeof ports)
                      .equals(std::as_bytes(std::span{ports}))
                      .verdict(NFT_RETURN)
                      .rule());
  }
}

// add_protected: through our states of the ACE's class, or not at all.
void add_protected(std::vector<nft::Rule>& out, const RulesBuilder& to, const char* chain,
                   const Entry& ace, std::uint8_t direction) {
  const std::uint32_t reqid = to.spec().reqid + ace.key_class;
  out.push_back(match(to, chain, ace.selector)
                    .transform_reqid(direction)
                    .equals(std::as_bytes(std::span{&reqid, 1}))
                    .verdict(NFT_RETURN)
                    .rule());
  out.push_back(match(to, chain, ace.selector).verdict(NF_DROP).rule());
}

// add_copied: IPv6. The bit that says "came in on the WAN" goes, since `local` sets it to have the
// policies asked. ESP made by others is not asked about there, so it does not leave.
void add_copied(std::vector<nft::Rule>& out, const RulesBuilder& to, const char* chain,
                const Entry& ace) {
  const auto protocol = ace.selector.protocol;
  if (protocol == 0 || protocol == IPPROTO_ESP)
    out.push_back(match(to, chain, ace.selector)
                      .network(ipv6_header.protocol, 1)
                      .equals(std::uint8_t{IPPROTO_ESP})
                      .verdict(NF_DROP)
                      .rule());
  out.push_back(match(to, chain, ace.selector)
                    .meta(NFT_META_MARK)
                    .clear_bits(to.spec().mark)
                    .set_meta(NFT_META_MARK)
                    .at(nft::Register::token)
                    .meta(NFT_META_OIF)
                    .at(nft::Register::first)
                    .network(ipv6_header.destination, ipv6_header.address)
                    .send_copy(nft::Register::token)
                    .verdict(NF_DROP)
                    .rule());
}

}  // namespace

std::vector<nft::Rule> sending_rules(const RulesBuilder& to, const char* chain) {
  std::vector<nft::Rule> out;
  add_others(out, to, chain, XFRM_POLICY_OUT);
  for (const Entry& ace : to.spec().multicast) {
    switch (ace.action) {
      case Entry::Action::protect:
        if (to.ipv4())
          add_protected(out, to, chain, ace, XFRM_POLICY_OUT);
        else
          add_copied(out, to, chain, ace);
        break;
      case Entry::Action::discard:
        out.push_back(match(to, chain, ace.selector).verdict(NF_DROP).rule());
        break;
      case Entry::Action::bypass:
      case Entry::Action::protect_inbound_optional:
        out.push_back(match(to, chain, ace.selector).verdict(NFT_RETURN).rule());
        break;
    }
  }
  return out;
}

std::vector<nft::Rule> receiving_rules(const RulesBuilder& to, const char* chain) {
  // What came through a state of ours must be in the ACL.
  std::vector<nft::Rule> out;
  const auto drop_decrypted = [&](const auto& matched) {
    for (auto& rule : to.decrypted(matched)) out.push_back(rule.verdict(NF_DROP).rule());
  };
  add_open(out, to, chain);
  add_others(out, to, chain, XFRM_POLICY_IN);
  for (const Entry& ace : to.spec().multicast) {
    switch (ace.action) {
      case Entry::Action::protect:
        add_protected(out, to, chain, ace, XFRM_POLICY_IN);
        break;
      case Entry::Action::discard:
        out.push_back(match(to, chain, ace.selector).verdict(NF_DROP).rule());
        break;
      case Entry::Action::bypass:
        drop_decrypted([&] { return match(to, chain, ace.selector); });
        out.push_back(match(to, chain, ace.selector).verdict(NFT_RETURN).rule());
        break;
      case Entry::Action::protect_inbound_optional:
        out.push_back(match(to, chain, ace.selector).verdict(NFT_RETURN).rule());
        break;
    }
  }
  drop_decrypted([&] { return to.in(chain); });
  return out;
}

namespace {

constexpr const char *multicast_base = "multicast", *multicast_out = "multicast-out",
                     *multicast_in = "multicast-in";

void hand_to(RulesBuilder& to, const char* chain, const char* from, nft_meta_keys interface) {
  auto rule = to.in(from);
  match_prefix(rule, to.header().destination, all_groups(to.family()));
  to.rule(from, to.by_wan(rule, interface).jump(chain).rule());
}

void add_receiving(RulesBuilder& to) {
  to.chain(nft::make_chain(to.spec().table, multicast_in));
  hand_to(to, multicast_in, "tag", NFT_META_IIFNAME);
  for (const auto& rule : receiving_rules(to, multicast_in)) to.rule(multicast_in, rule);
}

// Each packet that is forwarded meets the chain that is hooked in here.
void add_sending(RulesBuilder& to) {
  const auto& table = to.spec().table;
  to.chain(nft::make_chain(table, multicast_out));
  to.chain(nft::make_chain(table, multicast_base, {"filter", NF_INET_FORWARD, very_late}));
  hand_to(to, multicast_out, multicast_base, NFT_META_OIFNAME);
  for (const auto& rule : sending_rules(to, multicast_out)) to.rule(multicast_out, rule);
}

}  // namespace

void add_multicast(RulesBuilder& to) {
  const auto& multicast = to.spec().multicast;
  if (!multicast.empty()) add_receiving(to);
  if (judges_leaving(multicast)) add_sending(to);
}

}  // namespace xfrm
