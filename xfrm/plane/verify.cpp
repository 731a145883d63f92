// SPDX-License-Identifier: GPL-2.0-or-later
// What others changed of a plane's. All is read before anything is compared: a read that fails
// leaves things as they were, for the next time.
//
// Not noticed: what is changed and changed back in between; another state put under our SPI, reqid
// and lifetime within the second in which ours was added; sequence numbers and replay windows
// others wrote into a state; and what RulesSnapshot::differences does not compare.
#include <algorithm>
#include <cerrno>

#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

// More lines than this about policies say nothing new.
constexpr std::size_t max_policy_lines = 20;

bool by_key(const Policy& a, const Policy& b) { return a.key < b.key; }

const Policy* find(const std::vector<Policy>& sorted, const PolicyKey& key) {
  const auto at = std::lower_bound(sorted.begin(), sorted.end(), Policy{key, {}}, by_key);
  return at != sorted.end() && at->key == key ? &*at : nullptr;
}

// Lines collects the first few and counts the rest.
class Lines {
 public:
  explicit Lines(std::vector<std::string>& out) : out_{out} {}
  void add(const PolicyKey& key, const char* what) {
    if (++count_ <= max_policy_lines) out_.push_back(describe(key) + what);
  }
  ~Lines() {
    if (count_ > max_policy_lines)
      out_.push_back("and " + std::to_string(count_ - max_policy_lines) + " more policies differ");
  }
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;

 private:
  std::vector<std::string>& out_;
  std::size_t count_ = 0;
};

std::optional<int> index_of(const Inventory::List& list, const std::string& name) {
  for (std::size_t i = 0; i < list.names.size(); ++i)
    if (list.names[i] == name) return list.interfaces[i];
  return std::nullopt;
}

}  // namespace

struct Installer::Found {
  std::vector<Result<Link>> links;
  std::vector<InstalledState> states;
  std::vector<Policy> policies;
  std::optional<RulesSnapshot> table;
  Result<bool> address = false;
  Result<std::optional<AnchorRoute>> route = std::optional<AnchorRoute>{};
  std::optional<Result<AnchorRoute>> wanted_route;  // nothing when all interfaces are missing
};

Result<void> Installer::look(Found& found) {
  std::vector<Link> there;
  for (const auto& name : config_.interfaces) {
    found.links.push_back(find_link(name));
    if (const auto& link = found.links.back())
      there.push_back(*link);
    else if (link.error().code != ENODEV)
      return tl::unexpected{link.error()};
  }
  if (!there.empty())
    if (auto placed = anchors_.follow(there); !placed) return placed;
  auto states = read_installed(xfrm_, config_, {}, [this](const State& state, Direction direction) {
    note_sequence(state, direction);
  });
  if (!states) return tl::unexpected{states.error()};
  found.states = std::move(*states);

  std::vector<PolicyKey> keys;
  for (const Policy& policy : listed_policies()) keys.push_back(policy.key);
  std::sort(keys.begin(), keys.end());
  auto policies = read_policies(xfrm_, scope_of(config_), keys);
  if (!policies) return tl::unexpected{policies.error()};
  found.policies = std::move(*policies);

  auto table = RulesSnapshot::read(netfilter_, config_.name, config_.in_anchor.family);
  if (!table) return tl::unexpected{table.error()};
  found.table = std::move(*table);

  found.address = anchors_.has_address();
  if (!found.address && found.address.error().code != EEXIST)
    return tl::unexpected{found.address.error()};
  found.route = anchors_.route();
  if (!found.route && found.route.error().code != EEXIST)
    return tl::unexpected{found.route.error()};
  if (!there.empty()) found.wanted_route = anchors_.wanted_route(there);
  return {};
}

Result<std::vector<std::string>> Installer::verify() {
  std::vector<std::string> out;
  if (!there_) return out;
  Found found;
  if (auto done = look(found); !done) return tl::unexpected{done.error()};
  compare_interfaces(found, out);
  compare_states(found, out);
  compare_policies(found, out);
  const bool rules_ours = compare_rules(found, out);
  const bool anchors_ours = compare_anchors(found, out);
  if (rules_ours) compare_mss(found, out);
  // Another program has what we need: apply() is to look again and say so.
  if (!rules_ours || !anchors_ours) there_.reset();
  return out;
}

void Installer::compare_interfaces(const Found& found, std::vector<std::string>& out) const {
  for (std::size_t i = 0; i < found.links.size(); ++i) {
    const auto& name = config_.interfaces[i];
    const auto protected_as = there_->list ? index_of(*there_->list, name) : std::nullopt;
    if (!found.links[i] && protected_as)
      out.push_back("interface " + name + " is gone");
    else if (found.links[i] && there_->list && !protected_as)
      out.push_back("interface " + name + " has come");
    else if (found.links[i] && protected_as && found.links[i]->index != *protected_as)
      out.push_back("interface " + name + " has another index");
  }
}

void Installer::compare_mss(const Found& found, std::vector<std::string>& out) {
  std::vector<Link> links;
  for (const auto& link : found.links)
    if (link) links.push_back(*link);
  const auto wanted = wanted_mss(links);
  // Where nothing leads anywhere now, that is what compare_anchors tells.
  if (!wanted || !there_->table || *wanted == there_->mss) return;
  out.push_back(table_name(config_.name, config_.in_anchor.family) + ": segment size " +
                std::to_string(there_->mss) + " must follow the WAN: " + std::to_string(*wanted));
}

void Installer::compare_states(const Found& found, std::vector<std::string>& out) {
  const std::uint64_t now = wall_seconds();
  std::vector<InstalledState> now_there;
  std::uint64_t order = 0;
  for (InstalledState state : there_->states) {
    order = std::max(order, state.order);
    const auto at =
        std::find_if(found.states.begin(), found.states.end(), [&](const InstalledState& other) {
          return other.direction == state.direction && other.spi == state.spi;
        });
    if (at == found.states.end()) {
      // What the kernel let expire goes when it is no longer wanted.
      if (state.expired_by(now))
        now_there.push_back(state);
      else
        out.push_back(describe(state.direction, state.spi) + " is gone");
      continue;
    }
    const bool same = at->reqid == state.reqid && at->hard_seconds == state.hard_seconds &&
                      at->added_from >= state.added_from && at->added_from <= state.added_to;
    if (!same) out.push_back(describe(state.direction, state.spi) + " was changed");
    state.usable = state.usable && same;
    state.added_from = state.added_to = at->added_from;
    now_there.push_back(state);
  }
  for (InstalledState state : found.states) {
    if (there_->find(state.direction, state.spi) != nullptr) continue;
    out.push_back(describe(state.direction, state.spi) + " was added");
    state.usable = false;  // whatever its keys are
    state.order = ++order;
    now_there.push_back(state);
  }
  there_->states = std::move(now_there);
}

void Installer::compare_policies(Found& found, std::vector<std::string>& out) {
  Lines lines{out};
  const auto listed = listed_policies();
  std::sort(found.policies.begin(), found.policies.end(), by_key);
  bool whole = true;
  for (const Policy& policy : listed) {
    const Policy* at = find(found.policies, policy.key);
    if (at != nullptr && at->body == policy.body) continue;
    whole = false;
    lines.add(policy.key, at == nullptr ? " is gone" : " was changed");
  }
  auto sorted = listed;
  std::sort(sorted.begin(), sorted.end(), by_key);
  auto known = there_->unlisted_policies;
  std::sort(known.begin(), known.end(), by_key);
  there_->unlisted_policies.clear();
  for (const Policy& policy : found.policies) {
    if (find(sorted, policy.key) != nullptr) continue;
    there_->unlisted_policies.push_back(policy);
    if (find(known, policy.key) == nullptr) lines.add(policy.key, " was added");
  }
  there_->actual.reset();
  if (!whole) there_->actual = std::move(found.policies);
}

// compare_rules is false when the table is another program's.
bool Installer::compare_rules(Found& found, std::vector<std::string>& out) {
  if (!found.table) {
    out.push_back(table_name(config_.name, config_.in_anchor.family) + " is gone");
    there_->table = false;
    there_->old_table.reset();
    there_->spis.clear();
    return true;
  }
  if (!found.table->ours()) {
    out.push_back(table_name(config_.name, config_.in_anchor.family) + " is another program's");
    return false;
  }
  const auto differences = found.table->differences(wanted_rules());
  if (differences.empty()) return true;
  out.insert(out.end(), differences.begin(), differences.end());
  there_->table = false;  // to be replaced
  there_->old_table = std::move(found.table);
  there_->spis = there_->old_table->spis();
  return true;
}

// compare_anchors is false when another program has one.
bool Installer::compare_anchors(const Found& found, std::vector<std::string>& out) {
  if (!found.address) out.push_back(found.address.error().message());
  if (!found.route) out.push_back(found.route.error().message());
  if (!found.address || !found.route) return false;
  if (there_->address && !*found.address) out.push_back(anchors_.address_name() + " is gone");
  const bool whole = there_->address && there_->route;
  there_->address = *found.address;

  const auto before = there_->route;
  there_->route = *found.route;
  if (before && !there_->route) out.push_back(anchors_.route_name() + " is gone");
  if (before && there_->route && *before != *there_->route)
    out.push_back(anchors_.route_name() + " was changed");
  if (!found.wanted_route) return true;
  if (!*found.wanted_route)
    out.push_back(found.wanted_route->error().message());
  else if (there_->route && before == there_->route && *there_->route != **found.wanted_route)
    out.push_back(anchors_.route_name() + " must follow the WAN");
  else if (config_.in_anchor.family == Family::ipv6 && !whole &&
           anchors_.is_on(**found.wanted_route))
    out.emplace_back("IPv6 is switched on");
  return true;
}

}  // namespace xfrm
