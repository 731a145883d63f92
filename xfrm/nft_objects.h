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

namespace xfrm::nft {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};
using Table = std::unique_ptr<nftnl_table, FreedBy<nftnl_table_free>>;
using Chain = std::unique_ptr<nftnl_chain, FreedBy<nftnl_chain_free>>;
using Set = std::unique_ptr<nftnl_set, FreedBy<nftnl_set_free>>;
using Rule = std::unique_ptr<nftnl_rule, FreedBy<nftnl_rule_free>>;

[[nodiscard]] Table make_table(const std::string& name);
[[nodiscard]] Set make_set(const std::string& table, const std::string& name);
void add_element(nftnl_set& set, std::span<const std::byte> key);

struct Hook {
  const char* type;  // "filter", "route"
  std::uint32_t number;
  std::int32_t priority;
};
[[nodiscard]] Chain make_chain(const std::string& table, const std::string& name);
[[nodiscard]] Chain make_chain(const std::string& table, const std::string& name, const Hook& hook);

// Expressions builds one rule. Everything goes through register 1.
class Expressions {
 public:
  Expressions(const std::string& table, const std::string& chain);

  Expressions& meta(nft_meta_keys key);
  Expressions& network(std::uint32_t offset, std::uint32_t length);    // load of the IP header
  Expressions& transport(std::uint32_t offset, std::uint32_t length);  // and of what follows it
  // Of the first state that was applied (XFRM_POLICY_IN), or is about to be (XFRM_POLICY_OUT).
  Expressions& transform(nft_xfrm_keys key, std::uint8_t direction);
  Expressions& equals(std::span<const std::byte> value);
  Expressions& equals(std::uint8_t value);
  Expressions& in_set(const std::string& set);
  Expressions& not_in_set(const std::string& set);
  Expressions& immediate(std::span<const std::byte> value);
  Expressions& set_bits(std::uint32_t bits);                 // register |= bits
  Expressions& set_meta(nft_meta_keys key);                  // packet's := register
  Expressions& write_network_address(std::uint32_t offset);  // with the IPv4 header checksum
  Expressions& masked(std::span<const std::byte> mask);      // register &= mask, up to 4 octets
  Expressions& write_segment_size();  // of TCP's option, when it has one and that is larger
  Expressions& tproxy();
  Expressions& notrack();
  Expressions& verdict(int verdict);  // NF_ACCEPT, NF_DROP, NFT_RETURN
  Expressions& jump(const char* chain);
  [[nodiscard]] Rule rule() { return std::move(rule_); }

 private:
  nftnl_expr& add(const char* name);
  Expressions& load(std::uint32_t base, std::uint32_t offset, std::uint32_t length);
  Rule rule_;
};

}  // namespace xfrm::nft
