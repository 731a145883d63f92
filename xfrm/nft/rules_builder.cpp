// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/rules_builder.h"

#include <libnftnl/udata.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "xfrm/base/freed_by.h"
#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

// What nft's own type, byte order and expression numbers are; the kernel only keeps them, for `nft
// list` to show a set well. A set of SPIs has no named type: nft calls it "typeof esp spi".
constexpr std::uint32_t nft_type_none = 0, nft_type_ipv4 = 7, nft_type_ipv6 = 8,
                        nft_type_index = 20, nft_type_ifname = 41;
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

}  // namespace

std::span<const std::byte> octets(const Address& address) {
  return std::span{address.bytes}.first(address_size(address.family));
}

void RulesBuilder::table() {
  const auto table = nft::make_table(spec_.table);
  const Udata comment{::nftnl_udata_buf_alloc(NFT_USERDATA_MAXLEN)};
  ::nftnl_udata_put_strz(comment.get(), NFTNL_UDATA_TABLE_COMMENT, spec_.comment.c_str());
  ::nftnl_table_set_data(table.get(), NFTNL_TABLE_USERDATA, ::nftnl_udata_buf_data(comment.get()),
                         ::nftnl_udata_buf_len(comment.get()));
  // EXCL: a table of this name that somebody else has is not to be filled up with our chains.
  out_.add(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, kernel_family(family()),
           table_name(spec_.table, family()),
           [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, table.get()); });
}

void RulesBuilder::add_set(const std::string& name, const nft::Set& set) {
  ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, ++sets_);
  out_.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, kernel_family(family()),
           table_name(spec_.table, family()) + ", set " + name,
           [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, set.get()); });
}

void RulesBuilder::interfaces_set() {
  add_set(wan_set,
          plain_set(spec_.table, wan_set, nft_type_ifname, IFNAMSIZ, named_type(nft_host_endian)));
}

void RulesBuilder::spis_set() {
  add_set(spi_set,
          plain_set(spec_.table, spi_set, nft_type_none, sizeof(std::uint32_t), typeof_esp_spi()));
}

void RulesBuilder::indices_set() {
  add_set(index_set, plain_set(spec_.table, index_set, nft_type_index, sizeof(std::uint32_t),
                               named_type(nft_host_endian)));
}

void RulesBuilder::anchors_set() {
  add_set(anchor_set, plain_set(spec_.table, anchor_set, ipv4() ? nft_type_ipv4 : nft_type_ipv6,
                                header_.address, named_type(nft_big_endian)));
}

void RulesBuilder::map(const char* name, std::uint32_t key_length, std::uint32_t data_length,
                       std::uint32_t size) {
  const auto map = nft::make_set(spec_.table, name);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_FLAGS, NFT_SET_MAP | NFT_SET_EVAL | NFT_SET_TIMEOUT);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_KEY_TYPE, nft_type_none);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_KEY_LEN, key_length);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_TYPE, nft_type_none);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DATA_LEN, data_length);
  ::nftnl_set_set_u32(map.get(), NFTNL_SET_DESC_SIZE, size);
  add_set(name, map);
}

void RulesBuilder::interface_element(const std::string& interface) {
  std::array<std::byte, IFNAMSIZ> key{};
  std::memcpy(key.data(), interface.data(), std::min<std::size_t>(interface.size(), IFNAMSIZ - 1));
  const auto set = nft::make_set(spec_.table, wan_set);
  nft::add_element(*set, key);
  out_.add(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, kernel_family(family()),
           table_name(spec_.table, family()) + ", interface " + interface,
           [&](nlmsghdr& m) { ::nftnl_set_elems_nlmsg_build_payload(&m, set.get()); });
}

void RulesBuilder::chain(const nft::Chain& chain) {
  out_.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, kernel_family(family()),
           table_name(spec_.table, family()) + ", chain " +
               ::nftnl_chain_get_str(chain.get(), NFTNL_CHAIN_NAME),
           [&](nlmsghdr& m) { ::nftnl_chain_nlmsg_build_payload(&m, chain.get()); });
}

void RulesBuilder::rule(const std::string& chain, const nft::Rule& rule) {
  out_.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, kernel_family(family()),
           table_name(spec_.table, family()) + ", rule of chain " + chain,
           [&](nlmsghdr& m) { ::nftnl_rule_nlmsg_build_payload(&m, rule.get()); });
}

}  // namespace xfrm
