// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/rules_builder.h"

#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/xfrm.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "xfrm/base/freed_by.h"
#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

// What nft's own byte order and expression numbers are; the kernel only keeps them, for `nft list`
// to show a set well. A set of SPIs has no named type: nft calls it "typeof esp spi".
constexpr std::uint32_t nft_host_endian = 1, nft_big_endian = 2;
constexpr std::uint32_t nft_payload = 7, nft_esp = 2, nft_esp_spi = 1, nft_spi_bits = 32;
enum NftPayloadKey : std::uint8_t { description = 0, field = 1, length = 4 };

using Udata = std::unique_ptr<nftnl_udata_buf, FreedBy<nftnl_udata_buf_free>>;

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

nft::Set plain_set(const std::string& table, const char* name, std::uint32_t type,
                   std::uint32_t key_length, const Udata& data) {
  auto set = nft::make_set(table, name);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, 0);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, type);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, key_length);
  ::nftnl_set_set_data(set.get(), NFTNL_SET_USERDATA, ::nftnl_udata_buf_data(data.get()),
                       ::nftnl_udata_buf_len(data.get()));
  return set;
}

// each_attribute calls `visit` with those in [from, end).
template <class Visit>
void each_attribute(void* from, const void* end, Visit visit) {
  const auto room = [&](const nlattr* at) {
    return static_cast<int>(static_cast<const char*>(end) - reinterpret_cast<const char*>(at));
  };
  for (auto* at = static_cast<nlattr*>(from); ::mnl_attr_ok(at, room(at)); at = ::mnl_attr_next(at))
    visit(*at);
}

// call_all_elements has the elements of a message called what they are. libnftnl numbers them,
// which the kernel does not mind, and does not find them again.
void call_all_elements(nlmsghdr& message) {
  each_attribute(::mnl_nlmsg_get_payload_offset(&message, sizeof(nfgenmsg)),
                 ::mnl_nlmsg_get_payload_tail(&message), [](nlattr& list) {
                   if (::mnl_attr_get_type(&list) != NFTA_SET_ELEM_LIST_ELEMENTS) return;
                   auto* first = static_cast<std::byte*>(::mnl_attr_get_payload(&list));
                   each_attribute(
                       first, first + ::mnl_attr_get_payload_len(&list),
                       [](nlattr& element) { element.nla_type = NLA_F_NESTED | NFTA_LIST_ELEM; });
                 });
}

}  // namespace

std::array<std::byte, IFNAMSIZ> interface_key(const std::string& name) {
  std::array<std::byte, IFNAMSIZ> key{};
  std::memcpy(key.data(), name.data(), std::min<std::size_t>(name.size(), IFNAMSIZ - 1));
  return key;
}

std::span<const std::byte> octets(const Address& address) {
  return std::span{address.bytes}.first(address_size(address.family));
}

std::vector<std::byte> prefix_mask(std::uint8_t length, std::size_t octets) {
  std::vector<std::byte> out(octets);
  for (std::size_t bit = 0; bit < length; ++bit) out[bit / 8] |= std::byte{0x80} >> (bit % 8);
  return out;
}

static void put_elements(Transaction& to, const std::string& table, std::uint16_t family,
                         const std::string& set, std::span<const std::vector<std::byte>> keys,
                         std::size_t data_octets, std::uint16_t type, std::uint16_t flags) {
  // The longest key has 44 octets, and what is around it 16. A key and data have 32 and 24.
  constexpr std::size_t in_a_message = Transaction::message_room / 128;
  while (!keys.empty()) {
    const auto some = keys.first(std::min(keys.size(), in_a_message));
    keys = keys.subspan(some.size());
    const auto object = nft::make_set(table, set);
    for (const std::span<const std::byte> one : some)
      nft::add_element(*object, one.first(one.size() - data_octets), one.last(data_octets));
    to.add(type, flags, family, table_name(table, family) + ", set " + set, [&](nlmsghdr& m) {
      ::nftnl_set_elems_nlmsg_build_payload(&m, object.get());
      call_all_elements(m);
    });
  }
}

void add_elements(Transaction& to, const std::string& table, std::uint16_t family,
                  const std::string& set, std::span<const std::vector<std::byte>> keys,
                  std::size_t data_octets) {
  put_elements(to, table, family, set, keys, data_octets, NFT_MSG_NEWSETELEM, NLM_F_CREATE);
}

void delete_elements(Transaction& to, const std::string& table, std::uint16_t family,
                     const std::string& set, std::span<const std::vector<std::byte>> keys,
                     std::size_t data_octets) {
  put_elements(to, table, family, set, keys, data_octets, NFT_MSG_DELSETELEM, 0);
}

void TableBuilder::table(const std::string& comment, std::uint32_t flags) {
  const auto table = nft::make_table(table_);
  if (flags != 0) ::nftnl_table_set_u32(table.get(), NFTNL_TABLE_FLAGS, flags);
  const Udata data{::nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)};
  ::nftnl_udata_put_strz(data.get(), NFTNL_UDATA_TABLE_COMMENT, comment.c_str());
  ::nftnl_table_set_data(table.get(), NFTNL_TABLE_USERDATA, ::nftnl_udata_buf_data(data.get()),
                         ::nftnl_udata_buf_len(data.get()));
  // EXCL: a table of this name that somebody else has is not to be filled up with our chains.
  out_.add(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, family_, table_name(table_, family_),
           [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, table.get()); });
}

void TableBuilder::add_set(const std::string& name, const nft::Set& set) {
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, ++sets_);
  out_.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, family_,
           table_name(table_, family_) + ", set " + name,
           [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, set.get()); });
}

void TableBuilder::interfaces_set() {
  add_set(wan_set,
          plain_set(table_, wan_set, nft_type_ifname, IFNAMSIZ, named_type(nft_host_endian)));
}

void TableBuilder::spis_set(const char* name) {
  add_set(name, plain_set(table_, name, nft_type_none, sizeof(std::uint32_t), typeof_esp_spi()));
}

void TableBuilder::indices_set() {
  add_set(index_set, plain_set(table_, index_set, nft_type_index, sizeof(std::uint32_t),
                               named_type(nft_host_endian)));
}

void TableBuilder::set(const std::string& name, std::uint32_t nft_type, std::uint32_t key_octets) {
  add_set(name, plain_set(table_, name.c_str(), nft_type, key_octets, named_type(nft_big_endian)));
}

void TableBuilder::counted_set(const std::string& name, std::uint32_t key_octets,
                               std::uint32_t size) {
  const auto set = nft::make_set(table_, name);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_FLAGS, NFT_SET_EVAL | NFT_SET_TIMEOUT);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_TYPE, nft_type_none);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_KEY_LEN, key_octets);
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_DESC_SIZE, size);
  add_set(name, set);
}

void TableBuilder::address_map(const std::string& name, std::uint32_t octets) {
  const std::uint32_t type = octets == sizeof(std::uint32_t) ? nft_type_ipv4 : nft_type_ipv6;
  const auto map = plain_set(table_, name.c_str(), type, octets, named_type(nft_big_endian));
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_FLAGS, NFT_SET_MAP);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_TYPE, type);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_LEN, octets);
  add_set(name, map);
}

void TableBuilder::elements(const std::string& set, std::span<const std::vector<std::byte>> keys,
                            std::size_t data_octets) {
  add_elements(out_, table_, family_, set, keys, data_octets);
}

void TableBuilder::interface_element(const std::string& interface) {
  const auto key = interface_key(interface);
  const auto set = nft::make_set(table_, wan_set);
  nft::add_element(*set, key);
  out_.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, family_,
           table_name(table_, family_) + ", interface " + interface,
           [&](nlmsghdr& m) { ::nftnl_set_elems_nlmsg_build_payload(&m, set.get()); });
}

void TableBuilder::set(const nftnl_set& set) {
  const std::string name = ::nftnl_set_get_str(&set, NFTNL_SET_NAME);
  out_.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, family_,
           table_name(table_, family_) + ", set " + name,
           [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, const_cast<nftnl_set*>(&set)); });
}

void TableBuilder::remove_elements(const std::string& set,
                                   std::span<const std::vector<std::byte>> keys,
                                   std::size_t data_octets) {
  delete_elements(out_, table_, family_, set, keys, data_octets);
}

void TableBuilder::flush_set(const std::string& name) {
  const auto all = nft::make_set(table_, name);
  out_.add(NFT_MSG_DELSETELEM, 0, family_, table_name(table_, family_) + ", set " + name,
           [&](nlmsghdr& m) { ::nftnl_set_elems_nlmsg_build_payload(&m, all.get()); });
}

void TableBuilder::remove_set(const std::string& name) {
  const auto object = nft::make_set(table_, name);
  out_.add(NFT_MSG_DELSET, 0, family_, table_name(table_, family_) + ", set " + name,
           [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, object.get()); });
}

void TableBuilder::chain(const nft::Chain& chain) {
  out_.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, family_,
           table_name(table_, family_) + ", chain " +
               ::nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME),
           [&](nlmsghdr& m) { ::nftnl_chain_nlmsg_build_payload(&m, chain.get()); });
}

void TableBuilder::flush(const std::string& chain) {
  const auto all = nft::Expressions{table_, chain}.rule();
  out_.add(NFT_MSG_DELRULE, 0, family_, table_name(table_, family_) + ", rules of chain " + chain,
           [&](nlmsghdr& m) { ::nftnl_rule_nlmsg_build_payload(&m, all.get()); });
}

void TableBuilder::remove(const std::string& chain) {
  const auto object = nft::make_chain(table_, chain);
  out_.add(NFT_MSG_DELCHAIN, 0, family_, table_name(table_, family_) + ", chain " + chain,
           [&](nlmsghdr& m) { ::nftnl_chain_nlmsg_build_payload(&m, object.get()); });
}

void TableBuilder::rule(const std::string& chain, const nft::Rule& rule) {
  out_.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family_,
           table_name(table_, family_) + ", rule of chain " + chain,
           [&](nlmsghdr& m) { ::nftnl_rule_nlmsg_build_payload(&m, rule.get()); });
}

RulesBuilder::RulesBuilder(Transaction& transaction, const RulesSpec& spec)
    : TableBuilder{transaction, spec.table, kernel_family(spec.anchors.in.family)},
      spec_{spec},
      header_{ipv4() ? ipv4_header : ipv6_header} {}

nft::Expressions& RulesBuilder::by_wan(nft::Expressions& rule, nft_meta_keys key) const {
  rule.meta(key);
  if (spec_.interfaces.size() != 1) return rule.in_set(wan_set);
  return rule.equals(interface_key(spec_.interfaces.front()));
}

nft::Expressions& RulesBuilder::of_pool(nft::Expressions& rule, nft::Expected expected) const {
  const auto first = octets(spec_.pool.address);
  rule.masked(prefix_mask(spec_.pool.length, first.size()));
  return expected == nft::Expected::yes ? rule.equals(first) : rule.differs(first);
}

std::vector<nft::Expressions> RulesBuilder::decrypted(
    const std::function<nft::Expressions()>& begin) const {
  std::vector<nft::Expressions> out;
  const auto through = [&]() -> nft::Expressions& {
    return out.emplace_back(begin()).transform_destination(family(), XFRM_POLICY_IN);
  };
  through().equals(octets(spec_.anchors.in));
  if (has_senders()) of_pool(through(), nft::Expected::yes);
  return out;
}

void RulesBuilder::anchors_set() {
  set(anchor_set, ipv4() ? nft_type_ipv4 : nft_type_ipv6, header_.address);
}

void RulesBuilder::map(const char* name, std::uint32_t key_length, std::uint32_t data_length,
                       std::uint32_t size) {
  const auto map = nft::make_set(table_of(), name);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_FLAGS, NFT_SET_MAP | NFT_SET_EVAL | NFT_SET_TIMEOUT);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_KEY_TYPE, nft_type_none);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_KEY_LEN, key_length);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_TYPE, nft_type_none);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_LEN, data_length);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DESC_SIZE, size);
  add_set(name, map);
}

}  // namespace xfrm
