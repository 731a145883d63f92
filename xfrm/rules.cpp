// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/rules.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter_ipv4.h>
#include <linux/xfrm.h>
#include <net/if.h>
#include <netinet/in.h>

#include <array>
#include <cstdio>
#include <cstring>

#include "xfrm/kernel_address.h"
#include "xfrm/multicast.h"
#include "xfrm/nft_objects.h"

namespace xfrm {
namespace {

// Offsets and lengths in the IPv4 header, RFC 791 §3.1.
constexpr std::uint32_t ip_protocol = 9, ip_source = 12, ip_destination = 16, ip_address = 4;

// RFC 4303 §2: the SPI comes first.
constexpr std::uint32_t esp_spi = 0, spi_size = 4;

// RFC 768: source and destination port come first.
constexpr std::uint32_t udp_ports = 0;

constexpr std::uint32_t tcp_flags = 13;  // RFC 9293 §3.1

// What nft's own type, byte order and expression numbers are; the kernel only keeps them, for `nft
// list` to show a set well. A set of SPIs has no named type: nft calls it "typeof esp spi".
constexpr std::uint32_t nft_type_address = 7, nft_type_index = 20, nft_type_ifname = 41,
                        nft_type_none = 0;
constexpr std::uint32_t nft_host_endian = 1, nft_big_endian = 2;
constexpr std::uint32_t nft_payload = 7, nft_esp = 2, nft_esp_spi = 1, nft_spi_bits = 32;
enum NftPayloadKey : std::uint8_t { description = 0, field = 1, length = 4 };

std::uint16_t nfproto(Family family) { return kernel_family(family); }

std::string table_name(const std::string& table) { return "nftables table ip " + table; }

struct UdataFree {
  void operator()(const nftnl_udata_buf* buffer) const noexcept { ::nftnl_udata_buf_free(buffer); }
};
using Udata = std::unique_ptr<nftnl_udata_buf, UdataFree>;

std::span<const std::byte> key_of(const std::uint32_t& number) {
  return std::as_bytes(std::span{&number, 1});
}

Udata named_type(std::uint32_t byte_order) {
  Udata data{::nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)};
  ::nftnl_udata_put_u32(data.get(), NFTNL_UDATA_SET_KEYBYTEORDER, byte_order);
  return data;
}

Udata typeof_esp_spi() {
  Udata data = named_type(nft_big_endian);
  nftnl_udata* type = ::nftnl_udata_nest_start(data.get(), NFTNL_UDATA_SET_KEY_TYPEOF);
  ::nftnl_udata_put_u32(data.get(), NFTNL_UDATA_SET_TYPEOF_EXPR, nft_payload);
  nftnl_udata* what = ::nftnl_udata_nest_start(data.get(), NFTNL_UDATA_SET_TYPEOF_DATA);
  ::nftnl_udata_put_u32(data.get(), description, nft_esp);
  ::nftnl_udata_put_u32(data.get(), field, nft_esp_spi);
  ::nftnl_udata_put_u32(data.get(), length, nft_spi_bits);
  ::nftnl_udata_nest_end(data.get(), what);
  ::nftnl_udata_nest_end(data.get(), type);
  return data;
}

// Builder fills a transaction with the objects of one table.
class Builder {
 public:
  Builder(Transaction& transaction, const RulesSpec& spec) : out_{transaction}, spec_{spec} {}

  void table() {
    const auto table = nft::make_table(spec_.table);
    const Udata comment{::nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)};
    ::nftnl_udata_put_strz(comment.get(), NFTNL_UDATA_TABLE_COMMENT,
                           std::string{table_comment}.c_str());
    ::nftnl_table_set_data(table.get(), NFTNL_TABLE_USERDATA, ::nftnl_udata_buf_data(comment.get()),
                           ::nftnl_udata_buf_len(comment.get()));
    // EXCL: a table of this name that somebody else has is not to be filled up with our chains.
    out_.add(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, family(), table_name(spec_.table),
             [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, table.get()); });
  }

  void set(const std::string& name, std::uint32_t id, std::uint32_t type, std::uint32_t length,
           const Udata& data) {
    const auto set = nft::make_set(spec_.table, name);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, id);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, 0);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, type);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, length);
    ::nftnl_set_set_data(set.get(), NFTNL_SET_USERDATA, ::nftnl_udata_buf_data(data.get()),
                         ::nftnl_udata_buf_len(data.get()));
    out_.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, family(),
             table_name(spec_.table) + ", set " + name,
             [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, set.get()); });
  }

  void interface_element(const std::string& interface) {
    std::array<std::byte, IFNAMSIZ> key{};
    std::memcpy(key.data(), interface.data(),
                std::min<std::size_t>(interface.size(), IFNAMSIZ - 1));
    const auto set = nft::make_set(spec_.table, wan_set);
    nft::add_element(*set, key);
    out_.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, family(),
             table_name(spec_.table) + ", interface " + interface,
             [&](nlmsghdr& m) { ::nftnl_set_elems_nlmsg_build_payload(&m, set.get()); });
  }

  void chain(const nft::Chain& chain) {
    out_.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, family(), in_chain(chain.get()),
             [&](nlmsghdr& m) { ::nftnl_chain_nlmsg_build_payload(&m, chain.get()); });
  }

  void rule(const std::string& chain, const nft::Rule& rule) {
    out_.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family(),
             table_name(spec_.table) + ", rule of chain " + chain,
             [&](nlmsghdr& m) { ::nftnl_rule_nlmsg_build_payload(&m, rule.get()); });
  }

  [[nodiscard]] nft::Expressions in(const std::string& chain) const {
    return nft::Expressions{spec_.table, chain};
  }

  [[nodiscard]] std::uint16_t family() const { return nfproto(spec_.anchors.in.family); }

 private:
  [[nodiscard]] std::string in_chain(const nftnl_chain* chain) const {
    return table_name(spec_.table) + ", chain " + ::nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME);
  }
  Transaction& out_;
  const RulesSpec& spec_;
};

std::span<const std::byte> octets(const Address& address) {
  return std::span{address.bytes}.first(address_size(address.family));
}

void add_inbound(Builder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "inbound", {"filter", NF_INET_PRE_ROUTING, NF_IP_PRI_RAW}));
  // Only our own rules address anything to or from an anchor.
  for (const auto offset : {ip_source, ip_destination})
    to.rule(
        "inbound",
        to.in("inbound").network(offset, ip_address).in_set(anchor_set).verdict(NF_DROP).rule());
  to.rule("inbound", to.in("inbound")
                         .meta(NFT_META_IIFNAME)
                         .in_set(wan_set)
                         .meta(NFT_META_L4PROTO)
                         .equals(std::uint8_t{IPPROTO_ESP})
                         .transport(esp_spi, spi_size)
                         .in_set(spi_set)
                         .immediate(octets(spec.anchors.in))
                         .write_network_address(ip_destination)
                         .notrack()
                         .rule());
}

// clamp lowers the largest segment (RFC 9293 §3.7.1) of what the rule matches and begins a
// connection. The kernel leaves a smaller one, and a segment without the option, as it is.
nft::Rule clamp(nft::Expressions rule, std::uint16_t mss) {
  constexpr std::array syn_and_rst{std::byte{0x06}}, syn{std::byte{0x02}};
  const std::uint16_t value = htons(mss);
  return rule.meta(NFT_META_L4PROTO)
      .equals(std::uint8_t{IPPROTO_TCP})
      .transport(tcp_flags, 1)
      .masked(syn_and_rst)
      .equals(syn)
      .immediate(std::as_bytes(std::span{&value, 1}))
      .write_segment_size()
      .rule();
}

// After every rule that others may have there.
constexpr std::int32_t very_late = 1000;

void add_tag(Builder& to, const RulesSpec& spec) {
  const auto put = [&](const char* chain, std::uint32_t hook) {
    to.chain(nft::make_chain(spec.table, chain, {"filter", hook, very_late}));
    to.rule(chain, to.in(chain)
                       .meta(NFT_META_IIFNAME)
                       .in_set(wan_set)
                       .meta(NFT_META_MARK)
                       .set_bits(spec.mark)
                       .set_meta(NFT_META_MARK)
                       .rule());
  };
  put("tag", NF_INET_PRE_ROUTING);
  if (spec.mss != 0)
    to.rule("tag", clamp(std::move(to.in("tag")
                                       .meta(NFT_META_IIFNAME)
                                       .in_set(wan_set)
                                       .transform(NFT_XFRM_KEY_DADDR_IP4, XFRM_POLICY_IN)
                                       .equals(octets(spec.anchors.in))),
                         spec.mss));
  put("tag-local", NF_INET_LOCAL_IN);
}

// Just before the stash, so after every rule that may change where a packet goes.
constexpr std::int32_t before_very_late = 999;

void add_guard(Builder& to, const RulesSpec& spec) {
  to.chain(
      nft::make_chain(spec.table, "guard", {"filter", NF_INET_POST_ROUTING, before_very_late}));
  to.rule("guard", to.in("guard")
                       .meta(NFT_META_OIFNAME)
                       .in_set(wan_set)
                       .network(ip_destination, ip_address)
                       .in_set(anchor_set)
                       .verdict(NF_DROP)
                       .rule());
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
  to.rule("guard", strange().verdict(NF_DROP).rule());
}

// After every source NAT (100), so that the addresses kept are those the network is to see.
void add_stash(Builder& to, const RulesSpec& spec) {
  to.chain(nft::make_chain(spec.table, "stash", {"filter", NF_INET_POST_ROUTING, very_late}));
  const auto leaving = [&] {
    return std::move(to.in("stash")
                         .transform(NFT_XFRM_KEY_DADDR_IP4, XFRM_POLICY_OUT)
                         .equals(octets(spec.anchors.out)));
  };
  if (spec.mss != 0) to.rule("stash", clamp(leaving(), spec.mss));
  to.rule("stash", leaving()
                       .network(ip_destination, ip_address)
                       .set_meta(NFT_META_MARK)
                       .network(ip_source, ip_address)
                       .set_meta(NFT_META_PRIORITY)
                       .rule());
}

// put_back writes the addresses kept over those of the transform. Connections of ESP are not
// tracked: a NAT rule meant for the packet inside has no business with them, and they would be
// entries without an answer, one for each pair of hosts.
nft::Rule put_back(nft::Expressions rule) {
  const std::array<std::byte, 4> zero{};
  return rule.meta(NFT_META_MARK)
      .write_network_address(ip_destination)
      .meta(NFT_META_PRIORITY)
      .write_network_address(ip_source)
      .immediate(zero)
      .set_meta(NFT_META_MARK)
      .set_meta(NFT_META_PRIORITY)
      .notrack()
      .rule();
}

nft::Expressions transformed(const Builder& to, const RulesSpec& spec, const char* chain) {
  return std::move(to.in(chain)
                       .network(ip_protocol, 1)
                       .equals(std::uint8_t{IPPROTO_ESP})
                       .network(ip_destination, ip_address)
                       .equals(octets(spec.anchors.out)));
}

// RFC 1112 §4: host groups are class D, 224.0.0.0/4.
constexpr std::array class_d{std::byte{0xe0}, std::byte{0}, std::byte{0}, std::byte{0}};
constexpr std::array class_d_mask{std::byte{0xf0}, std::byte{0}, std::byte{0}, std::byte{0}};

void add_restore(Builder& to, const RulesSpec& spec) {
  // Routed afresh, a packet to a group would take the route to the group that local programs take,
  // and from a source that is not ours the kernel refuses to look for one.
  constexpr const char *to_group = "restore-multicast", *to_host = "restore";
  to.chain(nft::make_chain(spec.table, to_group, {"filter", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW - 1}));
  to.rule(to_group, put_back(std::move(transformed(to, spec, to_group)
                                           .meta(NFT_META_MARK)
                                           .masked(class_d_mask)
                                           .equals(class_d))));
  to.chain(nft::make_chain(spec.table, to_host, {"route", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW}));
  to.rule(to_host, put_back(transformed(to, spec, to_host)));
}

void add_multicast(Builder& to, const RulesSpec& spec) {
  if (spec.multicast.empty()) return;
  constexpr const char *base = "multicast", *out = "multicast-out", *in = "multicast-in";
  for (const char* chain : {in, out}) to.chain(nft::make_chain(spec.table, chain));
  to.chain(nft::make_chain(spec.table, base, {"filter", NF_INET_FORWARD, very_late}));
  const auto hand_to = [&](const char* chain, nft_meta_keys interface) {
    to.rule(base, to.in(base)
                      .network(ip_destination, ip_address)
                      .masked(class_d_mask)
                      .equals(class_d)
                      .meta(interface)
                      .in_set(wan_set)
                      .jump(chain)
                      .rule());
  };
  hand_to(in, NFT_META_IIFNAME);
  hand_to(out, NFT_META_OIFNAME);
  for (const auto& rule :
       receiving_rules(spec.table, in, spec.multicast, spec.reqid, spec.anchors.in))
    to.rule(in, rule);
  for (const auto& rule : sending_rules(spec.table, out, spec.multicast, spec.reqid))
    to.rule(out, rule);
}

void add_defrag(Builder& to, const RulesSpec& spec) {
  constexpr std::array port{std::byte{0}, std::byte{9}};  // the discard service's: never used
  to.chain(nft::make_chain(spec.table, "defrag"));
  to.rule("defrag", to.in("defrag")
                        .meta(NFT_META_L4PROTO)
                        .equals(std::uint8_t{IPPROTO_UDP})
                        .immediate(port)
                        .tproxy()
                        .rule());
}

void put_element(Transaction& transaction, const std::string& table, Family family, const char* set,
                 std::span<const std::byte> key, const std::string& name, std::uint16_t type) {
  const auto object = nft::make_set(table, set);
  nft::add_element(*object, key);
  const std::uint16_t flags = type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0;
  transaction.add(type, flags, nfproto(family), table_name(table) + ", " + name,
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

void add_rules(Transaction& transaction, const RulesSpec& spec) {
  Builder to{transaction, spec};
  to.table();
  to.set(wan_set, 1, nft_type_ifname, IFNAMSIZ, named_type(nft_host_endian));
  to.set(spi_set, 2, nft_type_none, spi_size, typeof_esp_spi());
  to.set(index_set, 3, nft_type_index, sizeof(std::uint32_t), named_type(nft_host_endian));
  to.set(anchor_set, 4, nft_type_address, ip_address, named_type(nft_big_endian));
  const Family family = spec.anchors.in.family;
  for (const auto& interface : spec.interfaces) to.interface_element(interface);
  for (const Address& anchor : {spec.anchors.in, spec.anchors.out})
    put_element(transaction, spec.table, family, anchor_set, octets(anchor),
                "anchor " + describe(anchor), NFT_MSG_NEWSETELEM);
  for (const auto spi : spec.spis) add_spi(transaction, spec.table, family, spi);
  for (const int index : spec.indices) add_index(transaction, spec.table, family, index);
  add_inbound(to, spec);
  add_tag(to, spec);
  add_guard(to, spec);
  add_stash(to, spec);
  add_restore(to, spec);
  add_multicast(to, spec);
  add_defrag(to, spec);
}

void delete_table(Transaction& transaction, const std::string& table, Family family) {
  const auto object = nft::make_table(table);
  transaction.add(NFT_MSG_DELTABLE, 0, nfproto(family), table_name(table),
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
