// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/lock_rules.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include <array>

#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/lock_builder.h"

namespace xfrm {
namespace {

// Behind `inbound`, and behind every source NAT; one place for each group, in their order.
constexpr std::int32_t in_priority = NF_IP_PRI_RAW + 10, out_priority = 900,
                       early_priority = NF_IP_PRI_FIRST + 10;

constexpr std::string_view lock_suffix = "/lock", lock6_suffix = "/lock6";

constexpr std::uint32_t spi_offset = 0, spi_octets = 4;
constexpr const char *own_set = "own-ports", *error_set = "errors";

// HostBuilder writes the table of the hooks that see whole packets.
class HostBuilder : public LockBuilder {
 public:
  HostBuilder(Transaction& transaction, const LockSpec& spec)
      : LockBuilder{transaction, spec, lock_table(spec.table),
                    kernel_family(spec.anchors.in.family)} {}
  void build();

 private:
  void sets();
  void hook(const char* name, std::uint32_t number, std::int32_t priority, const char* to);
  void exempt_own(const char* chain, std::uint32_t address, std::uint32_t interface);
  void count_unknown();
  void arriving();
  void leaving();
};

void HostBuilder::sets() {
  interfaces_set();
  for (const auto& name : spec().interfaces) interface_element(name);
  indices_set();
  std::vector<LockKey> keys;
  for (const LockDevice& device : spec().devices) {
    const auto index = static_cast<std::uint32_t>(device.index);
    keys.push_back(lock_key(octets_of(index)));
  }
  elements(index_set, keys);
  spis_set();
  keys.clear();
  for (const std::uint32_t spi : spec().spis) keys.push_back(lock_key(octets_of(htonl(spi))));
  elements(spi_set, keys);
  protocols_set();
  pairs_set(own_set, std::array{lock_port_pair(ike_port, ike_port),
                                lock_port_pair(ike_nat_port, ike_nat_port)});
  keys.clear();
  for (const std::uint16_t port : spec().open_ports) keys.push_back(lock_port_pair(port, port));
  pairs_set(lock_pair_set, keys);
  // RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem. RFC 4443:
  // those below 128 that are in use.
  set(error_set, ipv4() ? nft_type_icmp : nft_type_icmpv6, 1);
  keys.clear();
  for (const unsigned type :
       ipv4() ? std::vector{3U, 4U, 5U, 11U, 12U} : std::vector{1U, 2U, 3U, 4U})
    keys.push_back({static_cast<std::byte>(type)});
  elements(error_set, keys);
}

// hook hands on what passes a WAN interface, by whatever it is known.
void HostBuilder::hook(const char* name, std::uint32_t number, std::int32_t priority,
                       const char* to) {
  const bool incoming = number == NF_INET_PRE_ROUTING;
  chain(
      nft::make_chain(table_of(), name,
                      {"filter", number, priority + static_cast<std::int32_t>(spec().precedence)}));
  if (incoming) {
    // What was decrypted is for the policies to judge.
    constexpr std::uint8_t yes = 1;
    rule(name, in(name).meta(NFT_META_SECPATH).equals(yes).verdict(NF_ACCEPT).rule());
  }
  clear_own_mark(name);
  if (!incoming) {
    constexpr std::uint8_t yes = 1;
    rule(name, in(name).will_transform().equals(yes).verdict(NF_ACCEPT).rule());
  }
  // Every packet is asked this, so what there is one of is compared, not looked up.
  const auto& devices = spec().devices;
  auto index = in(name);
  index.meta(incoming ? NFT_META_IIF : NFT_META_OIF);
  if (devices.size() == 1) {
    const auto only = static_cast<std::uint32_t>(devices.front().index);
    index.equals(octets_of(only));
  } else {
    index.in_set(index_set);
  }
  rule(name, index.go_to(to).rule());
  const auto by_name = incoming ? NFT_META_IIFNAME : NFT_META_OIFNAME;
  auto named = in(name);
  named.meta(by_name);
  if (spec().interfaces.size() == 1)
    named.equals(interface_key(spec().interfaces.front()));
  else
    named.in_set(wan_set);
  rule(name, named.go_to(to).rule());
  for (const std::string& beginning : spec().beginnings)
    rule(name, in(name).meta(by_name).equals(std::as_bytes(std::span{beginning})).go_to(to).rule());
}

// exempt_own: what policies and sockets of other programs on this machine let pass. Twice, for an
// address in a VRF is found by the interface only.
void HostBuilder::exempt_own(const char* chain, std::uint32_t address, std::uint32_t interface) {
  const std::uint32_t local = RTN_LOCAL;
  for (const std::uint32_t flags : {address, address | interface}) {
    rule(chain, in(chain)
                    .meta(NFT_META_L4PROTO)
                    .in_set(lock_protocol_set)
                    .address_kind(flags)
                    .equals(octets_of(local))
                    .verdict(NF_ACCEPT)
                    .rule());
    rule(chain, udp_pairs(chain, own_set)
                    .address_kind(flags)
                    .equals(octets_of(local))
                    .verdict(NF_ACCEPT)
                    .rule());
  }
  exempt_pairs(chain);
}

// count_unknown: what has come as far as `arriving` was not taken in by our `inbound`. Nor is it
// what another group's took: their anchors are, by default, of address blocks that are on no wire.
void HostBuilder::count_unknown() {
  constexpr const char *between = "networks", *counting = "unknown-spi";
  constexpr std::uint64_t a_minute = 60'000;
  const auto& h = header();
  counted_set(lock_unknown_set, h.address + spi_octets, max_unknown_spis);
  chain(nft::make_chain(table_of(), counting));
  rule(counting, in(counting)
                     .network(h.source, h.address)
                     .at(nft::word_register(h.address / 4))
                     .transport(spi_offset, spi_octets)
                     .at(nft::word_register(0))
                     .count_element(lock_unknown_set, a_minute)
                     .rule());
  networks(between, counting);
  auto from = in("arriving");
  from.meta(NFT_META_L4PROTO).equals(std::uint8_t{IPPROTO_ESP});
  if (ipv4()) {
    constexpr std::array first_four{std::byte{0xf0}};  // class E
    from.network(h.destination, 1).masked(first_four).differs(std::uint8_t{0xf0});
  } else {
    constexpr std::array<std::byte, 8> discard{std::byte{1}};  // 100::/64, RFC 6666
    from.network(h.destination, discard.size()).differs(discard);
  }
  rule("arriving", from.jump(between).rule());
}

void HostBuilder::arriving() {
  chain(nft::make_chain(table_of(), "arriving"));
  // ESP of ours, which `inbound` has found.
  rule("arriving", in("arriving")
                       .network(header().destination, header().address)
                       .equals(octets(spec().anchors.in))
                       .verdict(NF_ACCEPT)
                       .rule());
  if (const auto& pool = spec().pool)
    rule("arriving", in("arriving")
                         .network(header().destination, header().address)
                         .masked(prefix_mask(pool->length, header().address))
                         .equals(octets(pool->address))
                         .verdict(NF_ACCEPT)
                         .rule());
  exempt_other_groups("arriving");
  if (spec().count_unknown) count_unknown();
  exempt_own("arriving", NFTA_FIB_F_DADDR, NFTA_FIB_F_IIF);
  judge("arriving", lock_dropped_in);
}

void HostBuilder::leaving() {
  const std::uint8_t icmp = ipv4() ? std::uint8_t{IPPROTO_ICMP} : std::uint8_t{IPPROTO_ICMPV6};
  chain(nft::make_chain(table_of(), "leaving"));
  // The SPIs of other groups are not known here, and their ESP may have any addresses.
  const bool several = spec().earlier_marks != 0 || spec().others_follow;
  auto esp = in("leaving");
  esp.meta(NFT_META_L4PROTO).equals(std::uint8_t{IPPROTO_ESP});
  if (!several) esp.transport(spi_offset, spi_octets).in_set(spi_set);
  rule("leaving", esp.verdict(NF_ACCEPT).rule());
  exempt_other_groups("leaving");
  exempt_own("leaving", NFTA_FIB_F_SADDR, NFTA_FIB_F_OIF);
  rule("leaving", in("leaving")
                      .meta(NFT_META_L4PROTO)
                      .equals(icmp)
                      .transport(icmp_type, 1)
                      .in_set(error_set)
                      .jump(lock_quoted)
                      .rule());
  judge("leaving", lock_dropped_out);
}

void HostBuilder::build() {
  table(spec().comment, spec().owned ? lock_owner_flags : 0);
  sets();
  dropping(lock_dropped_in);
  dropping(lock_dropped_out);
  lists(true);
  arriving();
  leaving();
  hook("in", NF_INET_PRE_ROUTING, in_priority, "arriving");
  hook("out", NF_INET_POST_ROUTING, out_priority, "leaving");
  if (!spec().egress) hook("early", NF_INET_FORWARD, early_priority, "leaving");
}

}  // namespace

std::string lock_table(const std::string& table) { return table + std::string{lock_suffix}; }

std::string lock_device_table(const std::string& table, Family family) {
  return table + std::string{family == Family::ipv4 ? lock_suffix : lock6_suffix};
}

std::string plane_of(const std::string& lock_table) {
  return lock_table.ends_with(lock_suffix)
             ? lock_table.substr(0, lock_table.size() - lock_suffix.size())
             : std::string{};
}

void own_table(Transaction& transaction, const std::string& table, std::uint16_t nft_family) {
  const auto object = nft::make_table(table);
  ::nftnl_table_set_u32(object.get(), NFTNL_TABLE_FLAGS, lock_owner_flags);
  transaction.add(NFT_MSG_NEWTABLE, 0, nft_family, table_name(table, nft_family),
                  [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, object.get()); });
}

void add_table(Transaction& transaction, const std::string& table, std::uint16_t nft_family,
               std::uint32_t flags) {
  TableBuilder{transaction, table, nft_family}.table({}, flags);
}

void forget_unknown(Transaction& transaction, const std::string& table, Family family) {
  TableBuilder{transaction, lock_table(table), kernel_family(family)}.flush_set(lock_unknown_set);
}

void add_lock(Transaction& transaction, const LockSpec& spec) {
  HostBuilder{transaction, spec}.build();
  add_lock_devices(transaction, spec);
}

}  // namespace xfrm
