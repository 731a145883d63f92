// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/rules_text.h"

#include <array>
#include <string_view>

namespace xfrm::nft {
namespace {

int collect_key(nftnl_set_elem* element, void* out) {
  std::uint32_t length = 0;
  const auto* key =
      static_cast<const std::byte*>(::nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &length));
  if (key == nullptr) length = 0;
  auto& whole =
      static_cast<std::vector<std::vector<std::byte>>*>(out)->emplace_back(key, key + length);
  const auto* data =
      static_cast<const std::byte*>(::nftnl_set_elem_get(element, NFTNL_SET_ELEM_DATA, &length));
  if (data != nullptr) whole.insert(whole.end(), data, data + length);
  return 0;
}

constexpr std::string_view counter = "counter";

int append_expression(nftnl_expr* expression, void* out) {
  const std::string name = ::nftnl_expr_get_str(expression, NFTNL_EXPR_NAME);
  std::array<char, 512> text{};
  if (name != counter)  // which counts
    ::nftnl_expr_snprintf(text.data(), text.size(), expression, NFTNL_OUTPUT_DEFAULT, 0);
  *static_cast<std::string*>(out) += name + " " + text.data() + "; ";
  return 0;
}

std::string number(std::uint64_t value) { return " " + std::to_string(value); }

}  // namespace

std::string text_of(const char* text) { return text == nullptr ? "" : text; }

std::string name_of(const nftnl_chain& chain) {
  return text_of(::nftnl_chain_get_str(&chain, NFTNL_CHAIN_NAME));
}

std::string name_of(const nftnl_set& set) {
  return text_of(::nftnl_set_get_str(&set, NFTNL_SET_NAME));
}

std::string chain_of(const nftnl_rule& rule) {
  return text_of(::nftnl_rule_get_str(&rule, NFTNL_RULE_CHAIN));
}

std::string content_of(const nftnl_chain& chain) {
  return text_of(::nftnl_chain_get_str(&chain, NFTNL_CHAIN_TYPE)) +
         number(::nftnl_chain_get_u32(&chain, NFTNL_CHAIN_HOOKNUM)) +
         number(::nftnl_chain_get_u32(&chain, NFTNL_CHAIN_PRIO)) +
         number(::nftnl_chain_get_u32(&chain, NFTNL_CHAIN_POLICY));
}

std::string content_of(const nftnl_rule& rule) {
  std::string out;
  ::nftnl_expr_foreach(const_cast<nftnl_rule*>(&rule), append_expression, &out);
  return out;
}

std::string content_of(const nftnl_set& set) {
  return "flags" + number(::nftnl_set_get_u32(&set, NFTNL_SET_FLAGS)) + ", key" +
         number(::nftnl_set_get_u32(&set, NFTNL_SET_KEY_LEN)) + ", data" +
         number(::nftnl_set_get_u32(&set, NFTNL_SET_DATA_LEN)) + ", size" +
         number(::nftnl_set_get_u32(&set, NFTNL_SET_DESC_SIZE));
}

bool is_filled_by_packets(const nftnl_set& set) {
  return (::nftnl_set_get_u32(&set, NFTNL_SET_FLAGS) & NFT_SET_EVAL) != 0;
}

std::vector<std::vector<std::byte>> keys_of(const nftnl_set& set) {
  std::vector<std::vector<std::byte>> out;
  ::nftnl_set_elem_foreach(const_cast<nftnl_set*>(&set), collect_key, &out);
  return out;
}

std::size_t data_octets(const nftnl_set& set) {
  return ::nftnl_set_get_u32(&set, NFTNL_SET_DATA_LEN);
}

}  // namespace xfrm::nft
