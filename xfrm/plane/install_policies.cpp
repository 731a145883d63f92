// SPDX-License-Identifier: GPL-2.0-or-later
// The policies of a plane.
#include <cerrno>

#include "xfrm/nft/multicast.h"
#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

// Every policy put comes back as an event. Taken in between, those of a long list do not overflow
// the socket, which would count as a change by others.
constexpr std::size_t events_between = 256;

}  // namespace

std::vector<Policy> Installer::listed_policies() const {
  const auto& list = there_->list;
  if (!list) return {};
  return expand(without_duplicates(with_forwarded(list->entries)), frame(list->interfaces),
                list->first);
}

std::vector<Policy> Installer::present_policies() const {
  if (there_->actual) return *there_->actual;
  auto out = listed_policies();
  out.insert(out.end(), there_->unlisted_policies.begin(), there_->unlisted_policies.end());
  return out;
}

Result<void> Installer::install_policies(const Desired& desired, const std::vector<Link>& links,
                                         Undo& undo) {
  std::vector<int> interfaces;
  std::vector<std::string> names;
  for (const Link& link : links) {
    interfaces.push_back(link.index);
    names.push_back(link.name);
  }
  auto& list = there_->list;
  const auto wanted = frame(interfaces);
  const bool in_place = same_list_ && wanted.range.holds(list->first);
  if (in_place && list->interfaces == interfaces && there_->unlisted_policies.empty() &&
      !there_->actual)
    return {};

  const auto entries = without_duplicates(with_forwarded(desired.entries));
  auto plan = in_place ? repair_policies(present_policies(), entries, wanted, list->first)
                       : plan_policies(present_policies(), entries, wanted);
  if (auto done = put_policies(plan.install, undo); !done) return done;
  removals_ = std::move(plan.remove);
  list = Inventory::List{desired.entries, std::move(interfaces), std::move(names), plan.first};
  there_->unlisted_policies.clear();
  there_->actual.reset();
  return {};
}

Result<void> Installer::put_policies(std::span<const PolicyStep> steps, Undo& undo) {
  Batch batch;
  batch.count = steps.size();
  batch.build = [&](std::size_t i, Request& request) {
    if (i % events_between == 0) take_events();
    put_policy(request, {steps[i].key, *steps[i].after}, anchor_pair(),
               steps[i].before ? IfPresent::replace : IfPresent::refuse);
  };
  batch.name = [&](std::size_t i) { return describe(steps[i].key); };
  // Order matters between what protects and what passes in clear: the one may not be done when the
  // other before it was refused.
  batch.barrier = [&](std::size_t i) {
    return i > 0 && differ_in_kind(*steps[i].after, *steps[i - 1].after);
  };
  const BatchOutcome outcome = xfrm_.run(batch);
  if (outcome.refused.empty() && outcome.sent == steps.size()) {
    undo.push([this, done = std::vector<PolicyStep>(steps.begin(), steps.end())] {
      return take_back(done, std::vector<bool>(done.size()));
    });
    return {};
  }
  std::vector<bool> skip(outcome.sent);
  for (const Refusal& refusal : outcome.refused) skip[refusal.index] = !refusal.unknown;
  undo.push([this,
             done = std::vector<PolicyStep>(
                 steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(outcome.sent)),
             skip] { return take_back(done, skip); });
  return tl::unexpected{outcome.refused.front().error};
}

// take_back goes through the steps done in reverse, which passes through the same intermediate
// lists as the way there.
Result<void> Installer::take_back(std::span<const PolicyStep> steps,
                                  const std::vector<bool>& skip) {
  std::vector<const PolicyStep*> back;
  for (std::size_t i = steps.size(); i-- > 0;)
    if (!skip[i]) back.push_back(&steps[i]);
  Batch batch;
  batch.count = back.size();
  batch.build = [&](std::size_t i, Request& request) {
    if (back[i]->before)
      put_policy(request, {back[i]->key, *back[i]->before}, anchor_pair(), IfPresent::replace);
    else
      delete_policy(request, back[i]->key);
  };
  batch.name = [&](std::size_t i) { return describe(back[i]->key); };
  batch.tolerated = ENOENT;
  batch.stop_at_refusal = false;
  const BatchOutcome outcome = xfrm_.run(batch);
  if (!outcome.refused.empty()) return tl::unexpected{outcome.refused.front().error};
  return {};
}

void Installer::remove_policies(std::span<const PolicyStep> steps) {
  Batch batch;
  batch.count = steps.size();
  batch.build = [&](std::size_t i, Request& request) { delete_policy(request, steps[i].key); };
  batch.name = [&](std::size_t i) { return describe(steps[i].key); };
  batch.tolerated = ENOENT;
  batch.stop_at_refusal = false;
  for (Refusal& refusal : xfrm_.run(batch).refused) {
    const PolicyStep& step = steps[refusal.index];
    there_->unlisted_policies.push_back({step.key, *step.before});
    leave(std::move(refusal.error));
  }
}

}  // namespace xfrm
