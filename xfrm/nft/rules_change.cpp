// SPDX-License-Identifier: GPL-2.0-or-later
// RulesSnapshot::change: from one table to another where it stands.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>

#include "xfrm/nft/rules_builder.h"
#include "xfrm/nft/rules_snapshot.h"
#include "xfrm/nft/rules_text.h"

namespace xfrm {
namespace {

using nft::chain_of;
using nft::content_of;
using nft::name_of;
using Keys = std::vector<std::vector<std::byte>>;

template <class Object>
std::map<std::string, const Object*> by_name(const auto& objects) {
  std::map<std::string, const Object*> out;
  for (const auto& object : objects) out[name_of(*object)] = object.get();
  return out;
}

// The rules of each chain, in order.
std::map<std::string, std::string> texts(std::span<const nft::Rule> rules) {
  std::map<std::string, std::string> out;
  for (const auto& rule : rules) out[chain_of(*rule)] += content_of(*rule) + "\n";
  return out;
}

// A chain with a hook is tied to the interface of this name, if any.
std::string hook_of(const nftnl_chain& chain) {
  return content_of(chain) + " " + nft::text_of(::nftnl_chain_get_str(&chain, NFTNL_CHAIN_DEV));
}

// The number of its type makes no difference but to who lists it.
std::string shape_of(const nftnl_set& set) {
  return content_of(set) + " " + std::to_string(::nftnl_set_get_u32(&set, NFTNL_SET_KEY_TYPE));
}

// without takes the keys of `other` from `keys`.
Keys without(Keys keys, Keys other) {
  for (Keys* each : {&keys, &other}) {
    std::sort(each->begin(), each->end());
    each->erase(std::unique(each->begin(), each->end()), each->end());
  }
  Keys out;
  std::set_difference(keys.begin(), keys.end(), other.begin(), other.end(),
                      std::back_inserter(out));
  return out;
}

}  // namespace

// The kernel takes the messages one by one, so what refers to something goes before it and comes
// after it.
bool RulesSnapshot::change(Transaction& to, const RulesSnapshot& wanted) const {
  const auto chains = by_name<nftnl_chain>(chains_),
             new_chains = by_name<nftnl_chain>(wanted.chains_);
  for (const auto& [name, chain] : new_chains)
    if (const auto at = chains.find(name);
        at != chains.end() && hook_of(*at->second) != hook_of(*chain))
      return false;
  if (flags() != wanted.flags()) return false;

  TableBuilder table{to, name_, family_};
  const auto rules = texts(rules_), new_rules = texts(wanted.rules_);
  const auto text = [](const auto& of, const std::string& chain) {
    const auto at = of.find(chain);
    return at == of.end() ? std::string{} : at->second;
  };
  const auto sets = by_name<nftnl_set>(sets_), new_sets = by_name<nftnl_set>(wanted.sets_);
  std::set<std::string> gone;  // for good, or to be made anew with another shape
  for (const auto& [name, set] : sets)
    if (const auto at = new_sets.find(name);
        at == new_sets.end() || shape_of(*at->second) != shape_of(*set))
      gone.insert(name);
  // A set cannot go while a rule refers to it, and there is none called like it before it went.
  std::set<std::string> refilled;
  const auto refers = [&](const nftnl_rule& rule) {
    const auto content = content_of(rule);
    return std::any_of(gone.begin(), gone.end(), [&](const auto& set) {
      return content.find(" " + set + " ") != std::string::npos;
    });
  };
  for (const auto& rule : rules_)
    if (refers(*rule)) refilled.insert(chain_of(*rule));
  for (const auto& [name, chain] : chains)
    if (!new_chains.contains(name) || text(rules, name) != text(new_rules, name))
      refilled.insert(name);

  for (const auto& name : refilled) table.flush(name);
  for (const auto& [name, chain] : chains)
    if (!new_chains.contains(name)) table.remove(name);
  for (const auto& name : gone) table.remove_set(name);
  for (const auto& set : wanted.sets_) {
    const std::string name = name_of(*set);
    const auto at = sets.find(name);
    const bool stays = at != sets.end() && !gone.contains(name);
    if (!stays) table.set(*set);
    if (nft::is_filled_by_packets(*set)) continue;
    const Keys keys = nft::keys_of(*set), before = stays ? nft::keys_of(*at->second) : Keys{};
    table.remove_elements(name, without(before, keys), nft::data_octets(*set));
    table.elements(name, without(keys, before), nft::data_octets(*set));
  }
  for (const auto& chain : wanted.chains_)
    if (!chains.contains(name_of(*chain))) table.chain(chain);
  for (const auto& rule : wanted.rules_) {
    const auto chain = chain_of(*rule);
    if (refilled.contains(chain) || !chains.contains(chain)) table.rule(chain, rule);
  }
  return true;
}

}  // namespace xfrm
