// SPDX-License-Identifier: GPL-2.0-or-later
// libnftnl's objects as unique_ptr, and its expressions by what they do.
#pragma once

#include <libnftnl/chain.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "xfrm/base/freed_by.h"
#include "xfrm/base/types.h"

namespace xfrm::nft {

using Table = std::unique_ptr<nftnl_table, FreedBy<nftnl_table_free>>;
using Chain = std::unique_ptr<nftnl_chain, FreedBy<nftnl_chain_free>>;
using Set = std::unique_ptr<nftnl_set, FreedBy<nftnl_set_free>>;
using Rule = std::unique_ptr<nftnl_rule, FreedBy<nftnl_rule_free>>;

[[nodiscard]] Table make_table(const std::string& name);
[[nodiscard]] Set make_set(const std::string& table, const std::string& name);
// `data` is what a map has for the key.
void add_element(nftnl_set& set, std::span<const std::byte> key,
                 std::span<const std::byte> data = {});

struct Hook {
  const char* type;  // "filter", "route"
  std::uint32_t number;
  std::int32_t priority;
};
[[nodiscard]] Chain make_chain(const std::string& table, const std::string& name);
[[nodiscard]] Chain make_chain(const std::string& table, const std::string& name, const Hook& hook);
// One of family netdev, at a hook of one interface.
[[nodiscard]] Chain make_chain(const std::string& table, const std::string& name, const Hook& hook,
                               const std::string& interface);

// Registers have 16 octets; what is longer goes on in the next one. `first` is what is used unless
// at() says otherwise, `token` and `token_end` are two words of 4 octets direction by direction.
enum Register : std::uint32_t {
  first = NFT_REG_1,
  token = NFT_REG_3,
  token_end = NFT_REG32_09,
};

// word_register is the register of 4 octets with this number, of 16, as the kernel calls it.
[[nodiscard]] constexpr Register word_register(std::uint32_t number) {
  return static_cast<Register>(number % 4 == 0 ? NFT_REG_1 + number / 4 : NFT_REG32_00 + number);
}

enum class Expected : bool { no, yes };

// Expressions builds one rule.
class Expressions {
 public:
  Expressions(const std::string& table, const std::string& chain);

  Expressions& meta(nft_meta_keys key);
  Expressions& network(std::uint32_t offset, std::uint32_t length);    // load of the IP header
  Expressions& transport(std::uint32_t offset, std::uint32_t length);  // and of what follows it
  // Of the first state that was applied (XFRM_POLICY_IN), or is about to be (XFRM_POLICY_OUT); the
  // rule ends when there is none.
  Expressions& transform_destination(Family family, std::uint8_t direction);
  Expressions& transform_reqid(std::uint8_t direction);
  // Whether a transform is about to be applied, by whosoever policy. One octet: 1 or 0.
  Expressions& will_transform();
  // Of what kind an address of the packet is to this machine: RTN_LOCAL and others, 4 octets. In a
  // VRF an interface has to be looked at: NFTA_FIB_F_IIF or NFTA_FIB_F_OIF.
  Expressions& address_kind(std::uint32_t fib_flags);
  Expressions& equals(std::span<const std::byte> value);
  Expressions& equals(std::uint8_t value);
  Expressions& differs(std::span<const std::byte> value);
  Expressions& differs(std::uint8_t value);
  Expressions& in_set(const std::string& set);
  Expressions& not_in_set(const std::string& set);
  Expressions& immediate(std::span<const std::byte> value);
  Expressions& set_bits(std::uint32_t bits);                 // register |= bits
  Expressions& clear_bits(std::uint32_t bits);               // register &= ~bits
  Expressions& masked(std::span<const std::byte> mask);      // register &= mask, up to 16 octets
  Expressions& set_meta(nft_meta_keys key);                  // packet's := register
  Expressions& write_network_address(std::uint32_t offset);  // with the IPv4 header checksum
  Expressions& write_network(std::uint32_t offset, std::uint32_t length);  // and without one
  Expressions& tproxy(Family family);
  Expressions& write_segment_size();  // of TCP's option, when it has one and that is larger
  Expressions& notrack();
  Expressions& count();  // packets and octets that came so far
  Expressions& ports();  // source and destination, each in a word, from the first register on
  Expressions& link(std::uint32_t offset, std::uint32_t length);  // load of the link layer's header
  Expressions& verdict(int verdict);                              // NF_ACCEPT, NF_DROP, NFT_RETURN
  Expressions& go_to(const std::string& chain);
  Expressions& jump(const std::string& chain);
  // send_copy has a copy leave as a packet of the router's own: to the address in the register, by
  // the interface whose index is in `interface`.
  Expressions& send_copy(Register interface);

  // at lets the next expressions use another register, up to the next at().
  Expressions& at(Register where);
  // look_up takes what `map` has for the register into `to`; the rule ends when it has nothing.
  Expressions& look_up(const std::string& map, Register to);
  // put_element adds register -> `data` to `map`, or finds it there; the rule ends when the map is
  // full. `update` gives an element that is there a new end of life.
  enum class IfThere : std::uint8_t { leave, update };
  Expressions& put_element(const std::string& map, Register data, std::uint64_t milliseconds,
                           IfThere there);
  // count_element adds the register to a set that packets fill, with a counter of its own, or
  // counts it there, and gives it a new end of life; the rule ends when the set is full.
  Expressions& count_element(const std::string& set, std::uint64_t milliseconds);
  Expressions& count_up();       // register := a number that no other packet gets
  Expressions& random_number();  // register := one that nobody can tell before
  [[nodiscard]] Rule rule() { return std::move(rule_); }

 private:
  nftnl_expr& add(const char* name);
  nftnl_expr& transform(std::uint32_t key, std::uint8_t direction);
  nftnl_expr& decide(int verdict);
  Expressions& load(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  Expressions& generate(std::uint32_t type);
  Expressions& compare(nft_cmp_ops how, std::span<const std::byte> value);
  Expressions& bitwise(std::span<const std::byte> mask, std::span<const std::byte> exclusive_or);
  Rule rule_;
  std::uint32_t reg_ = Register::first;
};

}  // namespace xfrm::nft
