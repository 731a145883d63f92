// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/rules_snapshot.h"

#include <arpa/inet.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "xfrm/base/kernel_address.h"
#include "xfrm/nft/rules_builder.h"
#include "xfrm/nft/rules_text.h"
#include "xfrm/nft/sender_rules.h"

namespace xfrm {
namespace {

struct Comment {
  std::string_view text;
};

int pick_comment(const nftnl_udata* attribute, void* out) {
  if (::nftnl_udata_type(attribute) == NFTNL_UDATA_TABLE_COMMENT) {
    const auto* text = static_cast<const char*>(::nftnl_udata_get(attribute));
    static_cast<Comment*>(out)->text = {text, ::strnlen(text, ::nftnl_udata_len(attribute))};
  }
  return 0;
}

template <class Handle, class Raw, class Parse>
void collect(std::vector<Handle>& out, Raw* fresh, const nlmsghdr& message, Parse parse) {
  Handle object{fresh};
  if (object && parse(&message, object.get()) == 0) out.push_back(std::move(object));
}

std::string printable(const std::string& key) {
  std::string out;
  for (const char c : key) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(c) & 0xffU);
    out += digits.data();
  }
  return out;
}

std::string as_text(std::span<const std::byte> key) {
  return {reinterpret_cast<const char*>(key.data()), key.size()};
}

std::vector<std::string> keys_in(std::span<const nft::Set> sets, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& set : sets)
    if (nft::name_of(*set) == name)
      for (const auto& key : nft::keys_of(*set)) out.push_back(as_text(key));
  return out;
}

std::vector<std::uint32_t> numbers_in(std::span<const nft::Set> sets, std::string_view name) {
  std::vector<std::uint32_t> out;
  for (const auto& key : keys_in(sets, name)) {
    std::uint32_t number = 0;
    if (key.size() < sizeof number) continue;
    std::memcpy(&number, key.data(), sizeof number);
    out.push_back(number);
  }
  return out;
}

}  // namespace

void RulesSnapshot::start(Request& request, std::uint16_t type) const {
  request.start(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | type));
  request.fixed<nfgenmsg>().nfgen_family = static_cast<std::uint8_t>(family_);
}

Result<std::vector<std::string>> RulesSnapshot::tables(NetlinkChannel& channel,
                                                       std::uint16_t family) {
  std::vector<std::string> out;
  RulesSnapshot any;
  any.family_ = family;
  Request request;
  any.start(request, NFT_MSG_GETTABLE);
  auto read = channel.dump(request, "nftables tables", [&](const nlmsghdr& m) {
    const nft::Table found{::nftnl_table_alloc()};
    if (found && ::nftnl_table_nlmsg_parse(&m, found.get()) == 0)
      out.push_back(nft::text_of(::nftnl_table_get_str(found.get(), NFTNL_TABLE_NAME)));
  });
  if (!read) return tl::unexpected{read.error()};
  return out;
}

Result<std::optional<RulesSnapshot>> RulesSnapshot::read(NetlinkChannel& channel,
                                                         const std::string& table, Family family) {
  return read(channel, table, kernel_family(family));
}

Result<std::optional<RulesSnapshot>> RulesSnapshot::read(NetlinkChannel& channel,
                                                         const std::string& table,
                                                         std::uint16_t family) {
  const std::string what = table_name(table, family);
  for (int attempt = 1;; ++attempt) {
    RulesSnapshot out;
    out.name_ = table;
    out.family_ = family;
    Request request;
    out.start(request, NFT_MSG_GETTABLE);
    auto read = channel.dump(request, what, [&](const nlmsghdr& m) {
      nft::Table found{::nftnl_table_alloc()};
      if (!found || ::nftnl_table_nlmsg_parse(&m, found.get()) != 0) return;
      const char* name = ::nftnl_table_get_str(found.get(), NFTNL_TABLE_NAME);
      if (name != nullptr && name == table) out.table_ = std::move(found);
    });
    if (read && !out.table_) return std::optional<RulesSnapshot>{};
    if (read) read = out.read_content(channel);
    if (read) return std::optional<RulesSnapshot>{std::move(out)};
    if (read.error().code != EINTR || attempt == dump_attempts) return tl::unexpected{read.error()};
  }
}

Result<void> RulesSnapshot::read_content(NetlinkChannel& channel) {
  const std::string what = table_name(name_, family_);
  const auto in_table = [&](const char* table) { return table != nullptr && table == name_; };
  Request request;
  start(request, NFT_MSG_GETCHAIN);
  auto read = channel.dump(request, what + ", chains", [&](const nlmsghdr& m) {
    collect(chains_, ::nftnl_chain_alloc(), m, ::nftnl_chain_nlmsg_parse);
    if (!chains_.empty() &&
        !in_table(::nftnl_chain_get_str(chains_.back().get(), NFTNL_CHAIN_TABLE)))
      chains_.pop_back();
  });
  if (!read) return read;

  start(request, NFT_MSG_GETRULE);
  read = channel.dump(request, what + ", rules", [&](const nlmsghdr& m) {
    collect(rules_, ::nftnl_rule_alloc(), m, ::nftnl_rule_nlmsg_parse);
    if (!rules_.empty() && !in_table(::nftnl_rule_get_str(rules_.back().get(), NFTNL_RULE_TABLE)))
      rules_.pop_back();
  });
  if (!read) return read;

  start(request, NFT_MSG_GETSET);
  read = channel.dump(request, what + ", sets", [&](const nlmsghdr& m) {
    collect(sets_, ::nftnl_set_alloc(), m, ::nftnl_set_nlmsg_parse);
    if (!sets_.empty() && !in_table(::nftnl_set_get_str(sets_.back().get(), NFTNL_SET_TABLE)))
      sets_.pop_back();
  });
  for (const auto& set : sets_)
    if (read && !nft::is_filled_by_packets(*set)) read = read_elements(channel, *set);
  return read;
}

Result<void> RulesSnapshot::read_elements(NetlinkChannel& channel, nftnl_set& set) {
  Request request;
  start(request, NFT_MSG_GETSETELEM);
  const std::string name = ::nftnl_set_get_str(&set, NFTNL_SET_NAME);
  const auto text = [&](std::uint16_t type, const std::string& value) {
    request.attribute(type, std::as_bytes(std::span{value.c_str(), value.size() + 1}));
  };
  text(NFTA_SET_ELEM_LIST_TABLE, name_);
  text(NFTA_SET_ELEM_LIST_SET, name);
  return channel.dump(
      request, table_name(name_, family_) + ", set " + name,
      [&](const nlmsghdr& m) { static_cast<void>(::nftnl_set_elems_nlmsg_parse(&m, &set)); });
}

std::string RulesSnapshot::comment() const {
  std::uint32_t size = 0;
  const void* data = ::nftnl_table_get_data(table_.get(), NFTNL_TABLE_USERDATA, &size);
  Comment comment;
  if (data == nullptr || ::nftnl_udata_parse(data, size, pick_comment, &comment) < 0) return {};
  return std::string{comment.text};
}

std::uint32_t RulesSnapshot::flags() const {
  return ::nftnl_table_get_u32(table_.get(), NFTNL_TABLE_FLAGS);
}

void RulesSnapshot::set_flags(std::uint32_t flags) {
  ::nftnl_table_set_u32(table_.get(), NFTNL_TABLE_FLAGS, flags);
}

bool RulesSnapshot::ours() const { return comment().rfind(table_comment, 0) == 0; }

std::vector<std::string> RulesSnapshot::interfaces() const {
  auto out = keys_in(sets_, wan_set);
  for (auto& name : out) name.resize(::strnlen(name.data(), name.size()));
  return out;
}

std::vector<std::uint32_t> RulesSnapshot::spis() const {
  auto out = numbers_in(sets_, spi_set);
  for (auto& spi : out) spi = ntohl(spi);
  return out;
}

std::vector<int> RulesSnapshot::indices() const {
  std::vector<int> out;
  for (const auto index : numbers_in(sets_, index_set)) out.push_back(static_cast<int>(index));
  return out;
}

std::vector<std::uint32_t> RulesSnapshot::bare() const {
  auto out = numbers_in(sets_, bare_set);
  for (auto& spi : out) spi = ntohl(spi);
  return out;
}

std::vector<Sender> RulesSnapshot::senders() const {
  const Family family = family_ == kernel_family(Family::ipv4) ? Family::ipv4 : Family::ipv6;
  const std::size_t octets = address_size(family);
  std::vector<Sender> out;
  for (const auto& set : sets_) {
    const auto length = sender_length(nft::name_of(*set));
    if (!length) continue;
    for (const auto& element : nft::keys_of(*set)) {
      if (element.size() < 2 * octets) continue;
      Sender sender{{{family, {}}, *length}, {family, {}}};
      std::memcpy(sender.network.address.bytes.data(), element.data(), octets);
      std::memcpy(sender.anchor.bytes.data(), element.data() + octets, octets);
      out.push_back(sender);
    }
  }
  std::sort(out.begin(), out.end());
  return out;
}

RulesSnapshot RulesSnapshot::of(const Transaction& transaction, const std::string& table,
                                Family family) {
  return of(transaction, table, kernel_family(family));
}

RulesSnapshot RulesSnapshot::of(const Transaction& transaction, const std::string& table,
                                std::uint16_t family) {
  RulesSnapshot out;
  out.name_ = table;
  out.family_ = family;
  transaction.for_each([&](const nlmsghdr& m) {
    if (static_cast<const nfgenmsg*>(::mnl_nlmsg_get_payload(&m))->nfgen_family != family) return;
    switch (m.nlmsg_type & 0xff) {
      case NFT_MSG_NEWTABLE:
        out.table_.reset(::nftnl_table_alloc());
        ::nftnl_table_nlmsg_parse(&m, out.table_.get());
        break;
      case NFT_MSG_NEWCHAIN:
        collect(out.chains_, ::nftnl_chain_alloc(), m, ::nftnl_chain_nlmsg_parse);
        break;
      case NFT_MSG_NEWRULE:
        collect(out.rules_, ::nftnl_rule_alloc(), m, ::nftnl_rule_nlmsg_parse);
        break;
      case NFT_MSG_NEWSET:
        collect(out.sets_, ::nftnl_set_alloc(), m, ::nftnl_set_nlmsg_parse);
        break;
      case NFT_MSG_NEWSETELEM: {
        const nft::Set elements{::nftnl_set_alloc()};
        ::nftnl_set_elems_nlmsg_parse(&m, elements.get());
        const auto name = nft::text_of(::nftnl_set_get_str(elements.get(), NFTNL_SET_NAME));
        for (const auto& set : out.sets_)
          if (nft::text_of(::nftnl_set_get_str(set.get(), NFTNL_SET_NAME)) == name)
            ::nftnl_set_elems_nlmsg_parse(&m, set.get());
        break;
      }
      default:
        break;
    }
  });
  return out;
}

std::map<std::string, std::string> RulesSnapshot::contents() const {
  std::map<std::string, std::string> out;
  const std::string what = table_name(name_, family_);
  out[what] = "flags " + std::to_string(::nftnl_table_get_u32(table_.get(), NFTNL_TABLE_FLAGS));
  for (const auto& chain : chains_)
    out[what + ", chain " + nft::name_of(*chain)] = nft::content_of(*chain);
  std::map<std::string, int> count;
  for (const auto& rule : rules_) {
    const auto chain = nft::chain_of(*rule);
    out[what + ", chain " + chain + ", rule " + std::to_string(++count[chain])] =
        nft::content_of(*rule);
  }
  for (const auto& set : sets_) {
    const std::string name = what + ", set " + nft::name_of(*set);
    out[name] = nft::content_of(*set);
    for (const auto& key : nft::keys_of(*set))
      out[name + ", element 0x" + printable(as_text(key))] = "";
  }
  return out;
}

std::vector<RulesSnapshot::Difference> RulesSnapshot::compare(const RulesSnapshot& wanted) const {
  const auto found = contents(), expected = wanted.contents();
  std::vector<Difference> out;
  for (const auto& [name, content] : expected) {
    const auto at = found.find(name);
    if (at == found.end())
      out.push_back({Difference::Kind::gone, name});
    else if (at->second != content)
      out.push_back({Difference::Kind::changed, name});
  }
  for (const auto& [name, content] : found)
    if (!expected.contains(name)) out.push_back({Difference::Kind::added, name});
  return out;
}

std::vector<std::string> RulesSnapshot::differences(const RulesSnapshot& wanted) const {
  std::vector<std::string> out;
  for (const auto& [kind, name] : compare(wanted))
    out.push_back(name + (kind == Difference::Kind::gone      ? " is gone"
                          : kind == Difference::Kind::changed ? " was changed"
                                                              : " was added"));
  return out;
}

void RulesSnapshot::plan(const std::optional<RulesSnapshot>& found, const RulesSnapshot& wanted,
                         std::vector<PlannedChange>& out) {
  using Kind = PlannedChange::Kind;
  constexpr auto rules = PlannedChange::Object::rules;
  if (!found) return out.push_back({Kind::add, rules, table_name(wanted.name_, wanted.family_)});
  for (auto& [kind, name] : found->compare(wanted))
    out.push_back({kind == Difference::Kind::gone      ? Kind::add
                   : kind == Difference::Kind::changed ? Kind::change
                                                       : Kind::remove,
                   rules, std::move(name)});
}

void RulesSnapshot::plan_removal(std::vector<PlannedChange>& out) const {
  out.push_back(
      {PlannedChange::Kind::remove, PlannedChange::Object::rules, table_name(name_, family_)});
}

void RulesSnapshot::restore(Transaction& to) const {
  const std::string what = table_name(name_, family_) + " as it was";
  const auto family = family_;
  // Handles and counts are the kernel's to give. They are cleared on objects we own, for good.
  for (const auto attribute : {NFTNL_TABLE_HANDLE, NFTNL_TABLE_USE})
    ::nftnl_table_unset(table_.get(), attribute);
  to.add(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, family, what,
         [&](nlmsghdr& m) { ::nftnl_table_nlmsg_build_payload(&m, table_.get()); });
  std::uint32_t id = 0;
  for (const auto& set : sets_) {
    ::nftnl_set_unset(set.get(), NFTNL_SET_HANDLE);
    ::nftnl_set_set_u32(set.get(), NFTNL_SET_ID, ++id);
    to.add(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, family, what,
           [&](nlmsghdr& m) { ::nftnl_set_nlmsg_build_payload(&m, set.get()); });
    // Those of the sets that are not filled by packets have nothing but a key, and data in a map.
    if (nft::is_filled_by_packets(*set)) continue;
    add_elements(to, name_, family, nft::name_of(*set), nft::keys_of(*set), nft::data_octets(*set));
  }
  for (const auto& chain : chains_) {
    for (const auto attribute : {NFTNL_CHAIN_HANDLE, NFTNL_CHAIN_USE, NFTNL_CHAIN_PACKETS,
                                 NFTNL_CHAIN_BYTES, NFTNL_CHAIN_FLAGS})
      ::nftnl_chain_unset(chain.get(), attribute);
    to.add(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, family, what,
           [&](nlmsghdr& m) { ::nftnl_chain_nlmsg_build_payload(&m, chain.get()); });
  }
  for (const auto& rule : rules_) {
    for (const auto attribute : {NFTNL_RULE_HANDLE, NFTNL_RULE_POSITION})
      ::nftnl_rule_unset(rule.get(), attribute);
    to.add(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, family, what,
           [&](nlmsghdr& m) { ::nftnl_rule_nlmsg_build_payload(&m, rule.get()); });
  }
}

}  // namespace xfrm
