// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_plan.h"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace xfrm {
namespace {

bool by_priority(const Policy& a, const Policy& b) { return a.body.priority < b.body.priority; }

std::uint32_t lowest_priority(const std::vector<Policy>& policies) {
  return std::min_element(policies.begin(), policies.end(), by_priority)->body.priority;
}

// move_back renumbers `present` to the end of the range, the last policy first, and returns the
// lowest number it then has. Lines keep sharing a number among their policies.
std::uint32_t move_back(std::vector<Policy>& present, const PriorityRange& range,
                        std::vector<PolicyStep>& steps) {
  std::sort(present.begin(), present.end(), by_priority);
  const std::uint64_t end = std::max<std::uint64_t>(
      std::uint64_t{range.first} + range.count, std::uint64_t{present.back().body.priority} + 1);
  std::uint64_t number = end;
  std::optional<std::uint32_t> level;
  for (auto policy = present.rbegin(); policy != present.rend(); ++policy) {
    if (level != policy->body.priority) --number;
    level = policy->body.priority;
    const PolicyBody after{static_cast<std::uint32_t>(number), policy->body.reqid,
                           policy->body.action};
    if (after != policy->body) steps.push_back({policy->key, policy->body, after});
    policy->body = after;
  }
  return static_cast<std::uint32_t>(number);
}

// is_installed tells whether `present`, sorted by key, is just what `wanted` would expand to.
bool is_installed(const std::vector<Policy>& present, std::span<const Entry> wanted,
                  const PolicyFrame& frame) {
  if (present.size() != wanted.size() * (frame.interfaces.size() + 2)) return false;
  if (present.empty()) return true;
  if (!frame.range.holds(lowest_priority(present))) return false;
  auto expected = expand(wanted, frame, lowest_priority(present));
  std::sort(expected.begin(), expected.end(), by_key);
  return expected == present;
}

PolicyBody body_of(const Entry& entry, std::uint32_t priority, const PolicyFrame& frame) {
  const bool keyed = entry.action == Entry::Action::protect ||
                     entry.action == Entry::Action::protect_inbound_optional;
  return {priority, keyed ? frame.reqid + entry.key_class : 0, entry.action};
}

bool lets_pass(const PolicyBody& body) {
  return body.action == Entry::Action::bypass ||
         body.action == Entry::Action::protect_inbound_optional;
}

// put_all appends the steps that put `wanted`, and the removal of what else is present.
void put_all(const std::vector<Policy>& wanted, std::vector<Policy>& present, bool skip_equal,
             PolicyPlan& plan) {
  std::vector<bool> taken(present.size());
  for (const Policy& policy : wanted) {
    PolicyStep step{policy.key, std::nullopt, policy.body};
    if (const Policy* old = find_policy(present, policy.key)) {
      taken[static_cast<std::size_t>(old - present.data())] = true;
      step.before = old->body;
    }
    if (!skip_equal || step.before != step.after) plan.install.push_back(step);
  }
  for (std::size_t i = 0; i < present.size(); ++i)
    if (!taken[i]) plan.remove.push_back({present[i].key, present[i].body, std::nullopt});
  std::stable_sort(plan.remove.begin(), plan.remove.end(), [](const auto& a, const auto& b) {
    return a.before->priority > b.before->priority;
  });
}

}  // namespace

bool differ_in_kind(const PolicyBody& a, const PolicyBody& b) {
  return lets_pass(a) != lets_pass(b);
}

std::vector<Entry> without_duplicates(std::span<const Entry> entries) {
  std::vector<std::size_t> order(entries.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return entries[a].selector < entries[b].selector;
  });
  std::vector<bool> keep(entries.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    keep[order[i]] = i == 0 || entries[order[i]].selector != entries[order[i - 1]].selector;
  std::vector<Entry> out;
  out.reserve(entries.size());
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (keep[i]) out.push_back(entries[i]);
  return out;
}

std::vector<Policy> expand(std::span<const Entry> entries, const PolicyFrame& frame,
                           std::uint32_t first) {
  std::vector<Policy> out;
  out.reserve(entries.size() * (frame.interfaces.size() + 2));
  std::uint32_t priority = first;
  for (const Entry& entry : entries) {
    const PolicyBody body = body_of(entry, priority++, frame);
    const bool accept = entry.action == Entry::Action::protect_inbound_optional;
    const PolicyBody out_body = accept ? PolicyBody{body.priority, 0, Entry::Action::bypass} : body;
    out.push_back({{PolicyDirection::in, entry.selector, 0, frame.mark, frame.owner}, body});
    out.push_back({{PolicyDirection::fwd, entry.selector, 0, frame.mark, frame.owner}, body});
    for (const int interface : frame.interfaces)
      out.push_back({{PolicyDirection::out, entry.selector, interface, 0, frame.owner}, out_body});
  }
  return out;
}

PolicyPlan plan_policies(std::vector<Policy> present, std::span<const Entry> wanted,
                         const PolicyFrame& frame) {
  assert(wanted.size() <= frame.range.count / 4);
  PolicyPlan plan;
  std::sort(present.begin(), present.end(), by_key);
  if (is_installed(present, wanted, frame)) {
    plan.first = present.empty() ? 0 : lowest_priority(present);
    return plan;
  }

  const auto count = static_cast<std::uint32_t>(wanted.size());
  std::uint32_t before = frame.range.first + frame.range.count;
  if (!present.empty()) before = std::min(before, lowest_priority(present));
  if (before < frame.range.first + count) {
    before = move_back(present, frame.range, plan.install);
    std::sort(present.begin(), present.end(), by_key);
  }
  plan.first = before - count;

  put_all(expand(wanted, frame, plan.first), present, false, plan);
  return plan;
}

PolicyPlan repair_policies(std::vector<Policy> present, std::span<const Entry> wanted,
                           const PolicyFrame& frame, std::uint32_t first) {
  PolicyPlan plan;
  plan.first = first;
  std::sort(present.begin(), present.end(), by_key);
  put_all(expand(wanted, frame, first), present, true, plan);
  return plan;
}

}  // namespace xfrm
