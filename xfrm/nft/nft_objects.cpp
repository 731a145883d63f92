// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/nft_objects.h"

#include <linux/netfilter.h>
#include <linux/xfrm.h>

#include <array>
#include <cstdlib>
#include <new>

namespace xfrm::nft {
namespace {

// libnftnl returns null only when memory is out, as new does by throwing.
template <class Handle, class Raw>
Handle owned(Raw* raw) {
  if (raw == nullptr) throw std::bad_alloc{};
  return Handle{raw};
}

}  // namespace

Table make_table(const std::string& name) {
  auto table = owned<Table>(::nftnl_table_alloc());
  ::nftnl_table_set_str(table.get(), NFTNL_TABLE_NAME, name.c_str());
  return table;
}

Set make_set(const std::string& table, const std::string& name) {
  auto set = owned<Set>(::nftnl_set_alloc());
  ::nftnl_set_set_str(set.get(), NFTNL_SET_TABLE, table.c_str());
  ::nftnl_set_set_str(set.get(), NFTNL_SET_NAME, name.c_str());
  return set;
}

void add_element(nftnl_set& set, std::span<const std::byte> key, std::span<const std::byte> data) {
  nftnl_set_elem* element = ::nftnl_set_elem_alloc();
  if (element == nullptr) throw std::bad_alloc{};
  ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key.data(),
                       static_cast<std::uint32_t>(key.size()));
  if (!data.empty())
    ::nftnl_set_elem_set(element, NFTNL_SET_ELEM_DATA, data.data(),
                         static_cast<std::uint32_t>(data.size()));
  ::nftnl_set_elem_add(&set, element);  // the set owns it now
}

Chain make_chain(const std::string& table, const std::string& name) {
  auto chain = owned<Chain>(::nftnl_chain_alloc());
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TABLE, table.c_str());
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_NAME, name.c_str());
  return chain;
}

Chain make_chain(const std::string& table, const std::string& name, const Hook& hook) {
  auto chain = make_chain(table, name);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_TYPE, hook.type);
  ::nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_HOOKNUM, hook.number);
  ::nftnl_chain_set_s32(chain.get(), NFTNL_CHAIN_PRIO, hook.priority);
  ::nftnl_chain_set_u32(chain.get(), NFTNL_CHAIN_POLICY, NF_ACCEPT);
  return chain;
}

Chain make_chain(const std::string& table, const std::string& name, const Hook& hook,
                 const std::string& interface) {
  auto chain = make_chain(table, name, hook);
  ::nftnl_chain_set_str(chain.get(), NFTNL_CHAIN_DEV, interface.c_str());
  return chain;
}

Expressions::Expressions(const std::string& table, const std::string& chain)
    : rule_{owned<Rule>(::nftnl_rule_alloc())} {
  ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_TABLE, table.c_str());
  ::nftnl_rule_set_str(rule_.get(), NFTNL_RULE_CHAIN, chain.c_str());
}

nftnl_expr& Expressions::add(const char* name) {
  nftnl_expr* expression = ::nftnl_expr_alloc(name);
  if (expression == nullptr) throw std::bad_alloc{};
  ::nftnl_rule_add_expr(rule_.get(), expression);  // the rule owns it now
  return *expression;
}

Expressions& Expressions::meta(nft_meta_keys key) {
  nftnl_expr& e = add("meta");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_META_KEY, key);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_META_DREG, reg_);
  return *this;
}

Expressions& Expressions::load(std::uint32_t base, std::uint32_t offset, std::uint32_t length) {
  nftnl_expr& e = add("payload");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_DREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_BASE, base);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_LEN, length);
  return *this;
}

Expressions& Expressions::network(std::uint32_t offset, std::uint32_t length) {
  return load(NFT_PAYLOAD_NETWORK_HEADER, offset, length);
}

Expressions& Expressions::transport(std::uint32_t offset, std::uint32_t length) {
  return load(NFT_PAYLOAD_TRANSPORT_HEADER, offset, length);
}

Expressions& Expressions::link(std::uint32_t offset, std::uint32_t length) {
  return load(NFT_PAYLOAD_LL_HEADER, offset, length);
}

Expressions& Expressions::ports() {
  // RFC 768 and others: source and destination port come first.
  return at(word_register(0))
      .transport(0, 2)
      .at(word_register(1))
      .transport(2, 2)
      .at(Register::first);
}

nftnl_expr& Expressions::transform(std::uint32_t key, std::uint8_t direction) {
  nftnl_expr& e = add("xfrm");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_XFRM_DREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_XFRM_KEY, key);
  ::nftnl_expr_set_u8(&e, NFTNL_EXPR_XFRM_DIR, direction);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_XFRM_SPNUM, 0);
  return e;
}

Expressions& Expressions::transform_destination(Family family, std::uint8_t direction) {
  const bool ipv4 = family == Family::ipv4;
  transform(ipv4 ? NFT_XFRM_KEY_DADDR_IP4 : NFT_XFRM_KEY_DADDR_IP6, direction);
  return *this;
}

Expressions& Expressions::transform_reqid(std::uint8_t direction) {
  transform(NFT_XFRM_KEY_REQID, direction);
  return *this;
}

Expressions& Expressions::will_transform() {
  nftnl_expr& e = add("rt");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_RT_KEY, NFT_RT_XFRM);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_RT_DREG, reg_);
  return *this;
}

Expressions& Expressions::address_kind(std::uint32_t fib_flags) {
  nftnl_expr& e = add("fib");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_FIB_DREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_FIB_FLAGS, fib_flags);
  return *this;
}

Expressions& Expressions::compare(nft_cmp_ops how, std::span<const std::byte> value) {
  nftnl_expr& e = add("cmp");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_CMP_SREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_CMP_OP, how);
  ::nftnl_expr_set(&e, NFTNL_EXPR_CMP_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
  return *this;
}

Expressions& Expressions::equals(std::span<const std::byte> value) {
  return compare(NFT_CMP_EQ, value);
}

Expressions& Expressions::equals(std::uint8_t value) {
  return compare(NFT_CMP_EQ, std::as_bytes(std::span{&value, 1}));
}

Expressions& Expressions::differs(std::span<const std::byte> value) {
  return compare(NFT_CMP_NEQ, value);
}

Expressions& Expressions::differs(std::uint8_t value) {
  return compare(NFT_CMP_NEQ, std::as_bytes(std::span{&value, 1}));
}

Expressions& Expressions::in_set(const std::string& set) {
  nftnl_expr& e = add("lookup");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_SREG, reg_);
  ::nftnl_expr_set_str(&e, NFTNL_EXPR_LOOKUP_SET, set.c_str());
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_FLAGS, 0);  // the kernel tells it in any case
  return *this;
}

Expressions& Expressions::not_in_set(const std::string& set) {
  nftnl_expr& e = add("lookup");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_SREG, reg_);
  ::nftnl_expr_set_str(&e, NFTNL_EXPR_LOOKUP_SET, set.c_str());
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
  return *this;
}

nftnl_expr& Expressions::decide(int verdict) {
  nftnl_expr& e = add("immediate");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_IMM_VERDICT, static_cast<std::uint32_t>(verdict));
  return e;
}

Expressions& Expressions::verdict(int verdict) {
  decide(verdict);
  return *this;
}

Expressions& Expressions::immediate(std::span<const std::byte> value) {
  nftnl_expr& e = add("immediate");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_IMM_DREG, reg_);
  ::nftnl_expr_set(&e, NFTNL_EXPR_IMM_DATA, value.data(), static_cast<std::uint32_t>(value.size()));
  return *this;
}

Expressions& Expressions::set_bits(std::uint32_t bits) {
  const std::uint32_t mask = ~bits;
  return bitwise(std::as_bytes(std::span{&mask, 1}), std::as_bytes(std::span{&bits, 1}));
}

Expressions& Expressions::clear_bits(std::uint32_t bits) {
  const std::uint32_t mask = ~bits;
  return masked(std::as_bytes(std::span{&mask, 1}));
}

Expressions& Expressions::masked(std::span<const std::byte> mask) {
  constexpr std::array<std::byte, 16> nothing{};
  return bitwise(mask, std::span{nothing}.first(mask.size()));
}

Expressions& Expressions::bitwise(std::span<const std::byte> mask,
                                  std::span<const std::byte> exclusive_or) {
  const auto length = static_cast<std::uint32_t>(mask.size());
  nftnl_expr& e = add("bitwise");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_SREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_DREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_BITWISE_LEN, length);
  ::nftnl_expr_set(&e, NFTNL_EXPR_BITWISE_MASK, mask.data(), length);
  ::nftnl_expr_set(&e, NFTNL_EXPR_BITWISE_XOR, exclusive_or.data(), length);
  return *this;
}

Expressions& Expressions::set_meta(nft_meta_keys key) {
  nftnl_expr& e = add("meta");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_META_KEY, key);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_META_SREG, reg_);
  return *this;
}

Expressions& Expressions::write_network_address(std::uint32_t offset) {
  constexpr std::uint32_t checksum_offset = 10;  // of the IPv4 header
  nftnl_expr& e = add("payload");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_SREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_LEN, 4);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_INET);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, checksum_offset);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_FLAGS, 0);  // ESP has no pseudo header
  return *this;
}

Expressions& Expressions::write_network(std::uint32_t offset, std::uint32_t length) {
  nftnl_expr& e = add("payload");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_SREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_BASE, NFT_PAYLOAD_NETWORK_HEADER);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_LEN, length);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_CSUM_TYPE, NFT_PAYLOAD_CSUM_NONE);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_CSUM_OFFSET, 0);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_PAYLOAD_FLAGS, 0);
  return *this;
}

Expressions& Expressions::go_to(const std::string& chain) {
  ::nftnl_expr_set_str(&decide(NFT_GOTO), NFTNL_EXPR_IMM_CHAIN, chain.c_str());
  return *this;
}

Expressions& Expressions::jump(const std::string& chain) {
  ::nftnl_expr_set_str(&decide(NFT_JUMP), NFTNL_EXPR_IMM_CHAIN, chain.c_str());
  return *this;
}

Expressions& Expressions::send_copy(Register interface) {
  nftnl_expr& e = add("dup");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DUP_SREG_ADDR, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DUP_SREG_DEV, interface);
  return *this;
}

Expressions& Expressions::write_segment_size() {
  constexpr std::uint8_t segment_size = 2;  // kind of the option, RFC 9293 section 3.2
  nftnl_expr& e = add("exthdr");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_EXTHDR_SREG, reg_);
  ::nftnl_expr_set_u8(&e, NFTNL_EXPR_EXTHDR_TYPE, segment_size);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_EXTHDR_OFFSET, 2);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_EXTHDR_LEN, 2);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_EXTHDR_OP, NFT_EXTHDR_OP_TCPOPT);
  return *this;
}

Expressions& Expressions::notrack() {
  add("notrack");
  return *this;
}

Expressions& Expressions::count() {
  add("counter");
  return *this;
}

Expressions& Expressions::at(Register where) {
  reg_ = where;
  return *this;
}

Expressions& Expressions::look_up(const std::string& map, Register to) {
  nftnl_expr& e = add("lookup");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_SREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_DREG, to);
  ::nftnl_expr_set_str(&e, NFTNL_EXPR_LOOKUP_SET, map.c_str());
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_LOOKUP_FLAGS, 0);
  return *this;
}

Expressions& Expressions::put_element(const std::string& map, Register data,
                                      std::uint64_t milliseconds, IfThere there) {
  const bool update = there == IfThere::update;
  nftnl_expr& e = add("dynset");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DYNSET_SREG_KEY, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DYNSET_SREG_DATA, data);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DYNSET_OP, update ? NFT_DYNSET_OP_UPDATE : NFT_DYNSET_OP_ADD);
  ::nftnl_expr_set_u64(&e, NFTNL_EXPR_DYNSET_TIMEOUT, milliseconds);
  ::nftnl_expr_set_str(&e, NFTNL_EXPR_DYNSET_SET_NAME, map.c_str());
  return *this;
}

Expressions& Expressions::count_element(const std::string& set, std::uint64_t milliseconds) {
  nftnl_expr& e = add("dynset");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DYNSET_SREG_KEY, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
  ::nftnl_expr_set_u64(&e, NFTNL_EXPR_DYNSET_TIMEOUT, milliseconds);
  ::nftnl_expr_set_str(&e, NFTNL_EXPR_DYNSET_SET_NAME, set.c_str());
  nftnl_expr* counter = ::nftnl_expr_alloc("counter");
  if (counter == nullptr) throw std::bad_alloc{};
  ::nftnl_expr_set(&e, NFTNL_EXPR_DYNSET_EXPR, counter, 0);  // the expression owns it now
  return *this;
}

Expressions& Expressions::generate(std::uint32_t type) {
  nftnl_expr& e = add("numgen");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_NG_DREG, reg_);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_NG_MODULUS, ~0U);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_NG_TYPE, type);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_NG_OFFSET, 0);
  return *this;
}

Expressions& Expressions::count_up() { return generate(NFT_NG_INCREMENTAL); }
Expressions& Expressions::random_number() { return generate(NFT_NG_RANDOM); }

Expressions& Expressions::tproxy(Family family) {
  nftnl_expr& e = add("tproxy");
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_TPROXY_FAMILY,
                       family == Family::ipv4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
  ::nftnl_expr_set_u32(&e, NFTNL_EXPR_TPROXY_REG_PORT, reg_);
  return *this;
}

}  // namespace xfrm::nft
