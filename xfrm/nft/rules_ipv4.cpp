// SPDX-License-Identifier: GPL-2.0-or-later
// How IPv4 addresses survive the transform: in mark and priority, the two words of a packet that
// XFRM keeps and nftables writes.
#include "xfrm/nft/rules_ipv4.h"

#include <arpa/inet.h>
#include <linux/netfilter_ipv4.h>
#include <linux/xfrm.h>
#include <netinet/in.h>

#include <array>

#include "xfrm/nft/multicast.h"

namespace xfrm {
namespace {

// RFC 1112 section 4: host groups are class D, 224.0.0.0/4.
constexpr std::array class_d{std::byte{0xe0}, std::byte{0}, std::byte{0}, std::byte{0}};
constexpr std::array class_d_mask{std::byte{0xf0}, std::byte{0}, std::byte{0}, std::byte{0}};

nft::Expressions transformed(const RulesBuilder& to, const char* chain) {
  return std::move(to.in(chain)
                       .network(ipv4_header.protocol, 1)
                       .equals(std::uint8_t{IPPROTO_ESP})
                       .network(ipv4_header.destination, ipv4_header.address)
                       .equals(octets(to.spec().anchors.out)));
}

// put_back writes the addresses kept over those of the transform. Connections of ESP are not
// tracked: a NAT rule meant for the packet inside has no business with them, and they would be
// entries without an answer, one for each pair of hosts.
nft::Rule put_back(nft::Expressions rule) {
  const std::array<std::byte, 4> zero{};
  return rule.meta(NFT_META_MARK)
      .write_network_address(ipv4_header.destination)
      .meta(NFT_META_PRIORITY)
      .write_network_address(ipv4_header.source)
      .immediate(zero)
      .set_meta(NFT_META_MARK)
      .set_meta(NFT_META_PRIORITY)
      .notrack()
      .rule();
}

}  // namespace

void fill_stash_ipv4(RulesBuilder& to) {
  to.rule("stash", to.in("stash")
                       .transform_destination(Family::ipv4, XFRM_POLICY_OUT)
                       .equals(octets(to.spec().anchors.out))
                       .network(ipv4_header.destination, ipv4_header.address)
                       .set_meta(NFT_META_MARK)
                       .network(ipv4_header.source, ipv4_header.address)
                       .set_meta(NFT_META_PRIORITY)
                       .verdict(NF_ACCEPT)
                       .rule());
}

void add_restore_ipv4(RulesBuilder& to) {
  constexpr const char *to_group = "restore-multicast", *to_host = "restore";
  const std::string& table = to.spec().table;
  // Routed afresh, a packet to a group would take the route to the group that local programs take,
  // and from a source that is not ours the kernel refuses to look for one.
  if (protects_groups(to.spec().multicast)) {
    to.chain(nft::make_chain(table, to_group, {"filter", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW - 1}));
    to.rule(
        to_group,
        put_back(std::move(
            transformed(to, to_group).meta(NFT_META_MARK).masked(class_d_mask).equals(class_d))));
  }
  to.chain(nft::make_chain(table, to_host, {"route", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW}));
  to.rule(to_host, put_back(transformed(to, to_host)));
}

}  // namespace xfrm
