// SPDX-License-Identifier: GPL-2.0-or-later
// What a table has counted: RulesSnapshot's readings of single counters.
#include <linux/netfilter/nfnetlink.h>

#include <cerrno>
#include <string_view>

#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/rules_builder.h"
#include "xfrm/nft/rules_snapshot.h"

namespace xfrm {
namespace {

bool is_counter(const nftnl_expr* expression) {
  return expression != nullptr &&
         std::string_view{"counter"} == ::nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
}

bool is(const char* text, const std::string& wanted) { return text != nullptr && text == wanted; }

int add_count(nftnl_expr* expression, void* out) {
  if (is_counter(expression))
    *static_cast<std::uint64_t*>(out) += ::nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
  return 0;
}

int collect_counted(nftnl_set_elem* element, void* out) {
  std::uint32_t size = 0;
  const auto* key =
      static_cast<const std::byte*>(::nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &size));
  if (key == nullptr) return 0;
  RulesSnapshot::Counted counted{{key, key + size}, 0};
  const auto* expression =
      static_cast<const nftnl_expr*>(::nftnl_set_elem_get(element, NFTNL_SET_ELEM_EXPR, &size));
  if (is_counter(expression))
    counted.packets = ::nftnl_expr_get_u64(expression, NFTNL_EXPR_CTR_PACKETS);
  static_cast<std::vector<RulesSnapshot::Counted>*>(out)->push_back(std::move(counted));
  return 0;
}

}  // namespace

Result<std::uint64_t> RulesSnapshot::packets(NetlinkChannel& channel, const std::string& table,
                                             std::uint16_t family, const std::string& chain) {
  std::uint64_t out = 0;
  RulesSnapshot any;
  any.family_ = family;
  Request request;
  any.start(request, NFT_MSG_GETRULE);
  const auto text = [&](std::uint16_t type, const std::string& value) {
    request.attribute(type, std::as_bytes(std::span{value.c_str(), value.size() + 1}));
  };
  text(NFTA_RULE_TABLE, table);
  text(NFTA_RULE_CHAIN, chain);
  auto read =
      channel.dump(request, table_name(table, family) + ", counters", [&](const nlmsghdr& m) {
        const nft::Rule rule{::nftnl_rule_alloc()};
        if (rule && ::nftnl_rule_nlmsg_parse(&m, rule.get()) == 0 &&
            is(::nftnl_rule_get_str(rule.get(), NFTNL_RULE_TABLE), table) &&
            is(::nftnl_rule_get_str(rule.get(), NFTNL_RULE_CHAIN), chain))
          ::nftnl_expr_foreach(rule.get(), add_count, &out);
      });
  if (!read) return tl::unexpected{read.error()};
  return out;
}

Result<std::vector<RulesSnapshot::Counted>> RulesSnapshot::counted(NetlinkChannel& channel,
                                                                   const std::string& table,
                                                                   Family family,
                                                                   const std::string& set) {
  RulesSnapshot of_table;
  of_table.name_ = table;
  of_table.family_ = kernel_family(family);
  for (int attempt = 1;; ++attempt) {
    const auto object = nft::make_set(table, set);
    const auto read = of_table.read_elements(channel, *object);
    std::vector<Counted> out;
    if (read) ::nftnl_set_elem_foreach(object.get(), collect_counted, &out);
    if (read || read.error().code == ENOENT) return out;
    if (read.error().code != EINTR || attempt == dump_attempts) return tl::unexpected{read.error()};
  }
}

}  // namespace xfrm
