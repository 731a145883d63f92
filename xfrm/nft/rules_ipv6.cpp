// SPDX-License-Identifier: GPL-2.0-or-later
// How IPv6 addresses survive the transform.
//
// An IPv4 pair of addresses fits in mark and priority, the two words of a packet that XFRM keeps
// and nftables writes. 32 octets do not, so the two words carry a token for the pair instead:
//
//   map tokens     pair of addresses -> token      one minute after its first packet
//   map addresses  token -> pair of addresses      two minutes
//
//   stash          the pair is in `tokens`: its token into mark and priority
//   learn          it is not: make a token and enter it in `addresses`; publish: in `tokens`, too
//   restore        what `addresses` has for the token into the header; without it: dropped
//
// What a token stands for never changes: the first word counts up, so it comes again only 2^32
// tokens later, when the maps, which hold 2^19, forgot it long ago. So it does not matter how many
// packets are under way on how many processors, in which order, in the queue of an asynchronous
// cipher, or copied as fragments and segments: a packet gets its own addresses back or goes
// nowhere. The second word is random. It tells the tokens of a table from those of the one it
// replaced, packets of which may be under way. Nothing is written for a packet of a known pair.
//
// Two processors that meet a new pair at once make two tokens. The map keeps the first; the
// second packet looks again and takes that one, which is in `addresses` already. `tokens` forgets a
// minute earlier than `addresses`, so a token taken at the last moment is good for a minute more.
//
// When `tokens` is full (somebody tries many addresses) a packet keeps the token it made for itself
// alone, which lives two seconds only, for it takes room in `addresses` as well. When that is full,
// packets of new pairs are dropped; those of known ones go on.
#include "xfrm/nft/rules_ipv6.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv6.h>
#include <linux/xfrm.h>

#include "xfrm/base/icmpv6.h"

namespace xfrm {
namespace {

constexpr const char *token_map = "tokens", *address_map = "addresses";
constexpr std::uint32_t token_octets = 8, pair_octets = 2 * ipv6_header.address;
constexpr std::uint32_t max_tokens = 1U << 17, max_addresses = 1U << 19;
constexpr std::uint64_t of_a_packet = 2'000, of_a_pair = 60'000, of_a_token = 120'000;

using nft::Expressions;
using nft::Register;

Expressions from_stash(const RulesBuilder& to) {
  return std::move(to.in("stash")
                       .transform_destination(Family::ipv6, XFRM_POLICY_OUT)
                       .equals(octets(to.spec().anchors.out)));
}

Expressions& put_token(Expressions& with) {
  return with.at(Register::token)
      .set_meta(NFT_META_MARK)
      .at(Register::token_end)
      .set_meta(NFT_META_PRIORITY)
      .at(Register::first);
}

Expressions& get_token(Expressions& with) {
  return with.at(Register::token)
      .meta(NFT_META_MARK)
      .at(Register::token_end)
      .meta(NFT_META_PRIORITY)
      .at(Register::first);
}

Expressions& take_known(Expressions&& with) {
  return put_token(
      with.network(ipv6_header.source, pair_octets).look_up(token_map, Register::token));
}

void add_learn(RulesBuilder& to) {
  for (const char* chain : {"publish", "learn"}) to.chain(nft::make_chain(to.spec().table, chain));
  auto make = to.in("learn");
  make.at(Register::token)
      .count_up()
      .at(Register::token_end)
      .random_number()
      .at(Register::first)
      .network(ipv6_header.source, pair_octets);
  put_token(make);
  to.rule("learn",
          make.at(Register::token)
              .put_element(address_map, Register::first, of_a_packet, Expressions::IfThere::leave)
              .go_to("publish")
              .rule());
  to.rule("learn", to.in("learn").verdict(NF_DROP).rule());

  auto publish = to.in("publish");
  to.rule("publish",
          get_token(publish)
              .network(ipv6_header.source, pair_octets)
              .put_element(token_map, Register::token, of_a_pair, Expressions::IfThere::leave)
              .at(Register::token)
              .put_element(address_map, Register::first, of_a_token, Expressions::IfThere::update)
              .rule());
  to.rule("publish", take_known(to.in("publish")).rule());
}

Expressions& multicast_esp(Expressions& rule) {
  constexpr std::array group{std::byte{0xff}};  // RFC 4291 section 2.7: ff00::/8
  return rule.network(ipv6_header.protocol, 1)
      .equals(std::uint8_t{IPPROTO_ESP})
      .network(ipv6_header.destination, 1)
      .equals(group);
}

}  // namespace

void add_tokens_ipv6(RulesBuilder& to) {
  to.map(token_map, pair_octets, token_octets, max_tokens);
  to.map(address_map, token_octets, pair_octets, max_addresses);
  add_learn(to);
}

void fill_stash_ipv6(RulesBuilder& to) {
  to.rule("stash", take_known(from_stash(to)).verdict(NF_ACCEPT).rule());
  to.rule("stash", from_stash(to).go_to("learn").rule());
}

void add_restore_ipv6(RulesBuilder& to) {
  const std::array<std::byte, 4> zero{};
  const auto anchor = octets(to.spec().anchors.out);
  to.chain(
      nft::make_chain(to.spec().table, "restore", {"route", NF_INET_LOCAL_OUT, NF_IP6_PRI_RAW}));
  auto restore = to.in("restore");
  restore.network(ipv6_header.protocol, 1)
      .equals(std::uint8_t{IPPROTO_ESP})
      .network(ipv6_header.destination, ipv6_header.address)
      .equals(anchor);
  to.rule("restore", get_token(restore)
                         .at(Register::token)
                         .look_up(address_map, Register::first)
                         .at(Register::first)
                         .write_network(ipv6_header.source, pair_octets)
                         .immediate(zero)
                         .set_meta(NFT_META_MARK)
                         .set_meta(NFT_META_PRIORITY)
                         .notrack()
                         .verdict(NF_ACCEPT)
                         .rule());
  to.rule("restore", to.in("restore")
                         .network(ipv6_header.destination, ipv6_header.address)
                         .equals(anchor)
                         .verdict(NF_DROP)
                         .rule());
}

// IPv4 looks for a policy with the interface that its routing chose. IPv6 does so for what it
// forwards only; for the router's own packets it asks with the interface the socket is bound to,
// none as a rule, and no policy tied to an interface would be found. It asks again, and then with
// the right one, when a chain of type route changed the mark: so `local` sets the bit that means
// "came in on the WAN", which no packet of our own has, and `unmark` takes it away. ESP has been
// asked about already; finding neighbours is never protected.
void add_local_ipv6(RulesBuilder& to) {
  constexpr std::int32_t just_after = NF_IP6_PRI_MANGLE + 1;
  to.chain(
      nft::make_chain(to.spec().table, "local", {"route", NF_INET_LOCAL_OUT, NF_IP6_PRI_MANGLE}));
  to.chain(nft::make_chain(to.spec().table, "on-link"));
  for (const std::uint8_t type : on_link_icmpv6_types)
    to.rule(
        "on-link",
        to.in("on-link").transport(icmp_type, sizeof type).equals(type).verdict(NF_ACCEPT).rule());
  fill_local_ipv6(to);
  to.chain(nft::make_chain(to.spec().table, "unmark", {"filter", NF_INET_LOCAL_OUT, just_after}));
  to.rule("unmark", to.in("unmark")
                        .meta(NFT_META_MARK)
                        .clear_bits(to.spec().mark)
                        .set_meta(NFT_META_MARK)
                        .rule());
}

void fill_local_ipv6(RulesBuilder& to) {
  to.rule("local", to.in("local")
                       .network(ipv6_header.protocol, 1)
                       .equals(std::uint8_t{IPPROTO_ESP})
                       .verdict(NF_ACCEPT)
                       .rule());
  to.rule("local", to.in("local")
                       .meta(NFT_META_L4PROTO)
                       .equals(std::uint8_t{IPPROTO_ICMPV6})
                       .jump("on-link")
                       .rule());
  // An ICMP error has the policy of what it quotes already, which another look would not find.
  constexpr std::uint8_t yes = 1;
  to.rule("local", to.in("local").will_transform().equals(yes).verdict(NF_ACCEPT).rule());
  auto others = to.in("local");
  to.rule("local", to.by_wan(others, NFT_META_OIFNAME)
                       .meta(NFT_META_MARK)
                       .set_bits(to.spec().mark)
                       .set_meta(NFT_META_MARK)
                       .rule());
}

// The kernel returns a copy of what leaves for a group to a router that routes multicast, along
// with the route it left by. So the copy would not be delivered to IN: the multicast router would
// be asked about a group of that name. Nobody wants the copy; the bit tells it from what others
// sent, which has no mark yet.
void add_own_ipv6(RulesBuilder& to) {
  auto own = to.in("guard");
  to.rule("guard", multicast_esp(own)
                       .meta(NFT_META_MARK)
                       .set_bits(to.spec().mark)
                       .set_meta(NFT_META_MARK)
                       .rule());
}

void drop_echo_ipv6(RulesBuilder& to) {
  const std::uint32_t bit = to.spec().mark;
  const auto octets_of_bit = std::as_bytes(std::span{&bit, 1});
  auto echo = to.in("inbound");
  to.rule("inbound", to.by_wan(multicast_esp(echo), NFT_META_IIFNAME)
                         .meta(NFT_META_MARK)
                         .masked(octets_of_bit)
                         .equals(octets_of_bit)
                         .verdict(NF_DROP)
                         .rule());
}

}  // namespace xfrm
