// SPDX-License-Identifier: GPL-2.0-or-later
// The plans of a plane's tables: what install() and the removals after it would do, and clear(),
// told from what look() found. Nothing is changed.
#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "xfrm/base/wall_clock.h"
#include "xfrm/nft/multicast.h"
#include "xfrm/plane/anchor_table.h"
#include "xfrm/plane/lock_table.h"
#include "xfrm/plane/policy_table.h"
#include "xfrm/plane/rule_table.h"
#include "xfrm/plane/state_choice.h"

namespace xfrm {

void StateTable::plan(const SaSpec& sa, Direction direction, const Address& destination,
                      std::vector<InstalledState>& states, std::vector<PlannedChange>& out) const {
  const auto* found = find_state(states, destination, sa.spi);
  if (found != nullptr && found->usable) return;
  InstalledState added{sa.spi, direction, config_.reqid + sa.key_class, next_order(states), true};
  added.added_from = added.added_to = wall_seconds();
  added.destination = destination;
  out.push_back({found == nullptr ? PlannedChange::Kind::add : PlannedChange::Kind::change,
                 PlannedChange::Object::state, name_of(added)});
  std::erase_if(states, [&](const InstalledState& state) { return state.is(destination, sa.spi); });
  states.push_back(added);
}

Result<StateTable::Plan> StateTable::plan(const std::vector<InstalledState>& found, bool known,
                                          const Desired& desired, std::span<const Sender> senders) {
  Plan out;
  std::vector<std::string> drift;
  auto states = known ? Result<std::vector<InstalledState>>{differ(found, drift)}
                      : read_by_age(desired.sas, {});
  if (!states) return tl::unexpected{states.error()};
  // What has expired is there no more.
  std::erase_if(*states, [now = wall_seconds()](const auto& one) { return one.expired_by(now); });
  for (const auto direction : {Direction::inbound, Direction::outbound})
    for (const SaSpec* sa : to_add(desired, direction)) {
      const bool inbound = direction == Direction::inbound;
      plan(*sa, direction, inbound ? config_.anchors.in : config_.anchors.out, *states,
           out.changes);
      if (!inbound) continue;
      for (const Sender& sender : senders)
        plan(*sa, direction, sender.anchor, *states, out.changes);
    }
  for (const auto direction : {Direction::outbound, Direction::inbound})
    for (const InstalledState& state : stale(*states, desired, direction, senders))
      out.changes.push_back(
          {PlannedChange::Kind::remove, PlannedChange::Object::state, name_of(state)});
  out.inbound = inbound_spis(desired, *states);
  out.bare = bare_spis(desired, senders, *states);
  return out;
}

void StateTable::plan_removal(const std::vector<InstalledState>& found,
                              std::vector<PlannedChange>& out) const {
  for (const InstalledState& state : found)
    out.push_back({PlannedChange::Kind::remove, PlannedChange::Object::state, name_of(state)});
}

void PolicyTable::plan(std::vector<Policy> found, const std::vector<Entry>& acl,
                       const std::vector<Link>& links, std::vector<PlannedChange>& out) const {
  using Kind = PlannedChange::Kind;
  constexpr auto policy = PlannedChange::Object::policy;
  std::vector<int> interfaces;
  for (const Link& link : links) interfaces.push_back(link.index);
  const auto wanted = frame(std::move(interfaces));
  const auto entries = without_duplicates(with_forwarded(acl));
  const bool in_place = has_acl(acl) && wanted.range.holds(installed_->first);
  const auto steps = in_place
                         ? repair_policies(std::move(found), entries, wanted, installed_->first)
                         : plan_policies(std::move(found), entries, wanted);
  // A policy may be moved on the way: what counts is how it is before the first step and after the
  // last.
  std::map<PolicyKey, PolicyStep> net;
  for (const auto* some : {&steps.install, &steps.remove})
    for (const PolicyStep& step : *some)
      if (const auto [at, first] = net.emplace(step.key, step); !first)
        at->second.after = step.after;
  std::size_t moved = 0;
  for (const auto& [key, step] : net) {
    if (!step.before && !step.after) continue;
    if (!step.before || !step.after) {
      out.push_back({step.after ? Kind::add : Kind::remove, policy, describe(key)});
      continue;
    }
    auto before = *step.before;
    if (before == *step.after) continue;
    before.priority = step.after->priority;
    if (before == *step.after && !in_place)
      ++moved;
    else
      out.push_back({Kind::change, policy, describe(key)});
  }
  if (moved > 0)
    out.push_back({Kind::change, policy,
                   "priority of " + std::to_string(moved) + " more policies, in the same order"});
}

void PolicyTable::plan_removal(const std::vector<Policy>& found,
                               std::vector<PlannedChange>& out) const {
  for (const Policy& policy : found)
    out.push_back(
        {PlannedChange::Kind::remove, PlannedChange::Object::policy, describe(policy.key)});
}

Result<void> RuleTable::plan(const std::optional<RulesSnapshot>& found,
                             const std::vector<Entry>& acl, std::vector<std::uint32_t> spis,
                             const std::vector<Link>& links, SenderWindows windows,
                             std::vector<PlannedChange>& out) {
  if (found && !found->ours())
    return fail(EEXIST, table_name(config_.name, config_.family()),
                "another program has such a table");
  const auto mss = wanted_mss(links);
  if (!mss) return tl::unexpected{mss.error()};
  Content content{config_.interfaces, std::move(spis), {}, multicast_entries(acl), *mss,
                  std::move(windows)};
  for (const Link& link : links) content.indices.push_back(link.index);
  RulesSnapshot::plan(found, made_of(content), out);
  return {};
}

void RuleTable::plan_removal(const std::optional<RulesSnapshot>& found,
                             std::vector<PlannedChange>& out) const {
  if (found && found->ours()) found->plan_removal(out);
}

Result<void> LockTable::plan(const Reading& found, const Desired& desired,
                             const std::vector<Link>& links,
                             std::vector<PlannedChange>& out) const {
  if (auto ours = refuse_foreign(found); !ours) return ours;
  Content content = content_for(links);
  content.acl = desired.entries;
  content.spis = sending_spis(desired);
  const Reading as_wanted = wanted(content);
  RulesSnapshot::plan(found.host, *as_wanted.host, out);
  RulesSnapshot::plan(found.device, *as_wanted.device, out);
  return {};
}

void LockTable::plan_removal(const Reading& found, std::vector<PlannedChange>& out) {
  for (const auto* table : {&found.host, &found.device})
    if (*table && (*table)->ours()) (*table)->plan_removal(out);
}

Result<void> AnchorTable::plan(const Reading& found, bool senders,
                               std::vector<PlannedChange>& out) {
  using Kind = PlannedChange::Kind;
  using Object = PlannedChange::Object;
  if (!found.address) return tl::unexpected{found.address.error()};
  if (!found.route) return tl::unexpected{found.route.error()};
  if (!found.pool) return tl::unexpected{found.pool.error()};
  if (!found.wanted_route) return {};
  if (!*found.wanted_route) return tl::unexpected{found.wanted_route->error()};
  const AnchorRoute& wanted = **found.wanted_route;
  const auto& route = *found.route;
  // Where IPv6 is switched off none of them can be, and nothing is missing.
  const bool usable = anchors_.family() == Family::ipv4 || anchors_.is_on(wanted);
  if (usable && !*found.address)
    out.push_back({Kind::add, Object::address, anchors_.address_name()});
  if (usable && senders && !*found.pool)
    out.push_back({Kind::add, Object::route, anchors_.pool_name()});
  if (!senders && *found.pool) out.push_back({Kind::remove, Object::route, anchors_.pool_name()});
  if (usable && route != wanted)
    out.push_back({route ? Kind::change : Kind::add, Object::route, anchors_.route_name()});
  return {};
}

void AnchorTable::plan_removal(const Reading& found, std::vector<PlannedChange>& out) const {
  using Object = PlannedChange::Object;
  const auto remove = [&out](Object object, std::string name) {
    out.push_back({PlannedChange::Kind::remove, object, std::move(name)});
  };
  if (found.pool && *found.pool) remove(Object::route, anchors_.pool_name());
  if (found.route && *found.route) remove(Object::route, anchors_.route_name());
  if (found.address && *found.address) remove(Object::address, anchors_.address_name());
}

}  // namespace xfrm
