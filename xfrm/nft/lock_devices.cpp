// SPDX-License-Identifier: GPL-2.0-or-later
// The table of family netdev (lock_rules.h).
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter.h>
#include <netinet/in.h>

#include <array>

#include "xfrm/nft/lock_builder.h"

namespace xfrm {
namespace {

// Before every flowtable, and behind every other program's rules.
constexpr std::int32_t ingress_priority = -1'000'000, egress_priority = 1'000'000;

constexpr std::uint16_t bootp_server = 67, bootp_client = 68;

// DeviceBuilder writes the table of the hooks at the interfaces.
class DeviceBuilder : public LockBuilder {
 public:
  DeviceBuilder(Transaction& transaction, const LockSpec& spec)
      : LockBuilder{transaction, spec, lock_device_table(spec.table, spec.anchors.in.family),
                    NFPROTO_NETDEV} {}
  void build();

 private:
  void hook(const LockDevice& device, bool incoming);
  void judged(const char* chain, const char* dropped);
};

void DeviceBuilder::hook(const LockDevice& device, bool incoming) {
  const std::string name = (incoming ? "ingress-" : "egress-") + std::to_string(device.index);
  const auto order = static_cast<std::int32_t>(spec().precedence);
  const std::uint32_t number = incoming ? NF_NETDEV_INGRESS : NF_NETDEV_EGRESS;
  chain(nft::make_chain(table_of(), name,
                        {"filter", number, (incoming ? ingress_priority : egress_priority) + order},
                        device.name));
  // No flowtable takes ESP: it goes on to the hooks that look at SPIs.
  rule(name,
       in(name).meta(NFT_META_L4PROTO).equals(std::uint8_t{IPPROTO_ESP}).verdict(NF_ACCEPT).rule());
  const std::uint16_t protocol = htons(ipv4() ? ETH_P_IP : ETH_P_IPV6);
  auto rule_of = in(name);
  rule_of.meta(NFT_META_PROTOCOL).equals(std::as_bytes(std::span{&protocol, 1}));
  if (incoming) {
    constexpr std::uint8_t no = 0;
    rule_of.meta(NFT_META_SECPATH).equals(no);
  }
  rule(name, rule_of.go_to(incoming ? "arriving" : "leaving").rule());
}

void DeviceBuilder::judged(const char* name, const char* dropped) {
  chain(nft::make_chain(table_of(), name));
  // Nor other IPsec.
  rule(name, in(name).meta(NFT_META_L4PROTO).in_set(lock_protocol_set).verdict(NF_ACCEPT).rule());
  // Nor fragments: they go on to be put together.
  if (ipv4()) {
    constexpr std::uint32_t flags_and_offset = 6;  // RFC 791 section 3.1
    constexpr std::array more_or_offset{std::byte{0x3f}, std::byte{0xff}};
    constexpr std::array whole{std::byte{0}, std::byte{0}};
    rule(name, in(name)
                   .network(flags_and_offset, 2)
                   .masked(more_or_offset)
                   .differs(whole)
                   .verdict(NF_ACCEPT)
                   .rule());
  } else {
    rule(name, in(name)
                   .network(ipv6_header.protocol, 1)
                   .equals(std::uint8_t{IPPROTO_FRAGMENT})
                   .verdict(NF_ACCEPT)
                   .rule());
  }
  // What a VLAN of the same port carries only passes by.
  constexpr std::uint32_t ether_type = 12;
  for (const auto tag : {std::uint16_t{ETH_P_8021Q}, std::uint16_t{ETH_P_8021AD}}) {
    const std::uint16_t ordered = htons(tag);
    rule(name, in(name)
                   .link(ether_type, sizeof ordered)
                   .equals(std::as_bytes(std::span{&ordered, 1}))
                   .verdict(NF_ACCEPT)
                   .rule());
  }
  // DHCP clients speak through packet sockets, past all policies; GDOI and IKE are judged further
  // on.
  exempt_pairs(name);
  exempt_other_groups(name);
  clear_own_mark(name);
  judge(name, dropped);
}

void DeviceBuilder::build() {
  table(spec().comment, spec().owned ? lock_owner_flags : 0);
  protocols_set();
  std::vector<LockKey> keys{lock_port_pair(ike_port, ike_port),
                            lock_port_pair(ike_nat_port, ike_nat_port)};
  if (ipv4()) {
    keys.push_back(lock_port_pair(bootp_client, bootp_server));
    keys.push_back(lock_port_pair(bootp_server, bootp_client));
  }
  for (const std::uint16_t port : spec().open_ports) keys.push_back(lock_port_pair(port, port));
  pairs_set(lock_pair_set, keys);
  dropping(lock_dropped_in);
  dropping(lock_dropped_out);
  lists(false);
  judged("arriving", lock_dropped_in);
  judged("leaving", lock_dropped_out);
  for (const LockDevice& device : spec().devices) {
    hook(device, true);
    if (spec().egress) hook(device, false);
  }
}

}  // namespace

void add_lock_devices(Transaction& transaction, const LockSpec& spec) {
  DeviceBuilder{transaction, spec}.build();
}

}  // namespace xfrm
