// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/policy_table.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "xfrm/nft/multicast.h"

namespace xfrm {
namespace {

// Every policy put comes back as an event. Taken in between, those of a long ACL do not overflow
// the socket, which would count as a change by others.
constexpr std::size_t events_between = 256;

// From this many removals on it is worth while to read what numbers the kernel has for policies.
constexpr std::size_t many_removals = 64;

// More lines than this about policies say nothing new.
constexpr std::size_t max_policy_lines = 20;

std::vector<Selector> selectors_of(std::span<const Entry> entries) {
  std::vector<Selector> out;
  for (const Entry& entry : entries) out.push_back(entry.selector);
  return out;
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

}  // namespace

PolicyTable::PolicyTable(const InstallerConfig& config, NetlinkChannel& xfrm,
                         std::function<void()> take_events)
    : config_{config},
      xfrm_{xfrm},
      take_events_{std::move(take_events)},
      hash_{config.family(), xfrm} {}

PolicyScope PolicyTable::scope() const {
  return {config_.anchors,
          config_.reqid,
          max_key_classes,
          first_of_all_priorities,
          priorities_per_plane * max_planes,
          config_.mark,
          config_.owner};
}

PolicyFrame PolicyTable::frame(std::vector<int> interfaces) const {
  return {config_.reqid,
          config_.mark,
          std::move(interfaces),
          {first_priority(config_), priorities_per_plane},
          config_.owner};
}

Result<std::vector<Policy>> PolicyTable::read(std::span<const PolicyKey> keys) {
  std::vector<Policy> out;
  const PolicyScope ours = scope();
  Request request;
  list_policies(request);
  auto done = xfrm_.dump(request, "list of policies", [&](const nlmsghdr& message) {
    auto policy = recognise_policy(message, ours);
    if (!policy && !keys.empty()) {
      policy = read_policy(message);
      if (policy && !std::binary_search(keys.begin(), keys.end(), policy->key)) policy.reset();
    }
    if (policy) out.push_back(*policy);
  });
  if (!done) return tl::unexpected{done.error()};
  return out;
}

Result<void> PolicyTable::load() {
  auto policies = read({});
  if (!policies) return tl::unexpected{policies.error()};
  installed_.reset();
  actual_.reset();
  removals_.clear();
  unlisted_policies_ = std::move(*policies);
  return {};
}

std::vector<Policy> PolicyTable::listed() const {
  if (!installed_) return {};
  return expand(without_duplicates(with_forwarded(installed_->entries)),
                frame(installed_->interfaces), installed_->first);
}

std::vector<Policy> PolicyTable::present() const {
  if (actual_) return *actual_;
  auto out = listed();
  out.insert(out.end(), unlisted_policies_.begin(), unlisted_policies_.end());
  return out;
}

bool PolicyTable::has_acl(const std::vector<Entry>& acl) const {
  return installed_ && installed_->entries == acl;
}

std::vector<int> PolicyTable::interfaces() const {
  return installed_ ? installed_->interfaces : std::vector<int>{};
}

Result<void> PolicyTable::install(const std::vector<Entry>& acl, bool same,
                                  const std::vector<Link>& links, Undo& undo) {
  std::vector<int> interfaces;
  std::vector<std::string> names;
  for (const Link& link : links) {
    interfaces.push_back(link.index);
    names.push_back(link.name);
  }
  const auto wanted = frame(interfaces);
  const bool in_place = same && wanted.range.holds(installed_->first);
  if (in_place && installed_->interfaces == interfaces && unlisted_policies_.empty() && !actual_)
    return {};

  const auto entries = without_duplicates(with_forwarded(acl));
  auto plan = in_place ? repair_policies(present(), entries, wanted, installed_->first)
                       : plan_policies(present(), entries, wanted);
  if (plan.install.size() >= least_hashed) hash_.fit(selectors_of(entries));
  if (auto done = put(plan.install, undo); !done) return done;
  removals_ = std::move(plan.remove);
  installed_ = InstalledAcl{acl, std::move(interfaces), std::move(names), plan.first};
  unlisted_policies_.clear();
  actual_.reset();
  return {};
}

// reports has a batch tell how far it is, in entries: each has one policy fwd.
std::function<bool(std::size_t)> PolicyTable::reports(std::span<const PolicyStep> steps,
                                                      bool removing) const {
  const auto forwarded = std::count_if(steps.begin(), steps.end(), [](const PolicyStep& step) {
    return step.key.direction == PolicyDirection::fwd;
  });
  return [this, removing, all = static_cast<std::size_t>(forwarded),
          count = steps.size()](std::size_t done) {
    const bool goes_on = !attend_ || attend_({config_.family(), removing, all * done / count, all});
    return removing || goes_on;
  };
}

Result<void> PolicyTable::put(std::span<const PolicyStep> steps, Undo& undo) {
  Batch batch;
  batch.count = steps.size();
  batch.build = [&](std::size_t i, Request& request) {
    if (i % events_between == 0) take_events_();
    put_policy(request, {steps[i].key, *steps[i].after}, config_.anchors,
               steps[i].before ? IfPresent::replace : IfPresent::refuse);
  };
  batch.name = [&](std::size_t i) { return describe(steps[i].key); };
  // Order matters between what protects and what passes in clear: the one may not be done when the
  // other before it was refused.
  batch.barrier = [&](std::size_t i) {
    return i > 0 && differ_in_kind(*steps[i].after, *steps[i - 1].after);
  };
  batch.go_on = reports(steps, false);
  const BatchOutcome outcome = xfrm_.run(batch);
  std::vector<bool> skip(outcome.sent);
  for (const Refusal& refusal : outcome.refused) skip[refusal.index] = !refusal.unknown;
  const auto sent = steps.first(outcome.sent);
  undo.push([this, done = std::vector<PolicyStep>(sent.begin(), sent.end()), skip] {
    return take_back(done, skip);
  });
  if (!outcome.refused.empty()) return tl::unexpected{outcome.refused.front().error};
  if (outcome.given_up)
    return fail(ECANCELED, "list of policies", "given up before its end, and taken back");
  return {};
}

// read_numbers: nothing where removals by key do, which is what is left when reading fails.
PolicyTable::Numbers PolicyTable::read_numbers(std::size_t removals) {
  Numbers out;
  if (removals < many_removals) return out;
  Request request;
  list_policies(request);
  const auto done = xfrm_.dump(request, "list of policies", [&](const nlmsghdr& message) {
    if (const auto policy = read_policy(message); policy && policy->key.owner == config_.owner)
      out.emplace_back(policy->key, index_of(message));
  });
  if (!done) return {};
  std::sort(out.begin(), out.end());
  return out;
}

// ask_for_removal: by number where that is known. What came since the numbers were read, and what
// is gone, is asked for by key.
void PolicyTable::ask_for_removal(Request& request, const PolicyKey& key, const Numbers& numbers) {
  const auto at = std::lower_bound(numbers.begin(), numbers.end(), std::pair{key, 0U});
  if (at != numbers.end() && at->first == key)
    delete_policy_by_index(request, key, at->second);
  else
    delete_policy(request, key);
}

void PolicyTable::prune(const Numbers& numbers) {
  if (numbers.empty()) return;
  constexpr PolicyDirection directions[] = {PolicyDirection::in, PolicyDirection::out,
                                            PolicyDirection::fwd};
  Batch batch;
  batch.count = std::size(directions);
  batch.build = [&](std::size_t i, Request& request) {
    prune_policies(request, directions[i], config_.family());
  };
  batch.name = [](std::size_t) { return std::string{"empty branches of policies"}; };
  batch.stop_at_refusal = false;
  static_cast<void>(xfrm_.run(batch));  // refused in any case, which is no harm
}

// go brings each policy to what its step has as `after`, whatever is refused.
BatchOutcome PolicyTable::go(std::span<const PolicyStep> steps) {
  const auto numbers = read_numbers(steps.size());
  Batch batch;
  batch.count = steps.size();
  batch.build = [&](std::size_t i, Request& request) {
    if (i % events_between == 0) take_events_();
    if (steps[i].after)
      put_policy(request, {steps[i].key, *steps[i].after}, config_.anchors, IfPresent::replace);
    else
      ask_for_removal(request, steps[i].key, numbers);
  };
  batch.name = [&](std::size_t i) { return describe(steps[i].key); };
  batch.tolerated = ENOENT;
  batch.stop_at_refusal = false;
  batch.go_on = reports(steps, true);
  auto outcome = xfrm_.run(batch);
  prune(numbers);
  return outcome;
}

// take_back goes through the steps done in reverse, which passes through the same intermediate
// lists as the way there.
Result<void> PolicyTable::take_back(std::span<const PolicyStep> steps,
                                    const std::vector<bool>& skip) {
  std::vector<PolicyStep> back;
  for (std::size_t i = steps.size(); i-- > 0;)
    if (!skip[i]) back.push_back({steps[i].key, steps[i].after, steps[i].before});
  const BatchOutcome outcome = go(back);
  if (!outcome.refused.empty()) return tl::unexpected{outcome.refused.front().error};
  return {};
}

void PolicyTable::remove(std::span<const PolicyStep> steps, std::vector<Error>& failed) {
  auto outcome = go(steps);
  for (Refusal& refusal : outcome.refused) {
    const PolicyStep& step = steps[refusal.index];
    unlisted_policies_.push_back({step.key, *step.before});
    failed.push_back(std::move(refusal.error));
  }
}

void PolicyTable::remove_stale(std::vector<Error>& failed) {
  remove(std::exchange(removals_, {}), failed);
}

void PolicyTable::clear(std::vector<Error>& failed) {
  std::vector<PolicyStep> steps;
  std::vector<Selector> selectors;
  for (const Policy& policy : present()) {
    steps.push_back({policy.key, policy.body, std::nullopt});
    if (policy.key.direction == PolicyDirection::fwd) selectors.push_back(policy.key.selector);
  }
  installed_.reset();
  actual_.reset();
  unlisted_policies_.clear();
  // From the last ACE up: a packet's first match goes last.
  std::stable_sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) {
    return a.before->priority > b.before->priority;
  });
  remove(steps, failed);
  hash_.restore(selectors);
}

Result<std::vector<Policy>> PolicyTable::look() {
  std::vector<PolicyKey> keys;
  for (const Policy& policy : listed()) keys.push_back(policy.key);
  std::sort(keys.begin(), keys.end());
  return read(keys);
}

PolicyTable::Found PolicyTable::examine(std::vector<Policy> found,
                                        std::vector<std::string>& out) const {
  Lines lines{out};
  auto wanted = listed();
  std::sort(found.begin(), found.end(), by_key);
  bool whole = true;
  for (const Policy& policy : wanted) {
    const Policy* at = find_policy(found, policy.key);
    if (at != nullptr && at->body == policy.body) continue;
    whole = false;
    lines.add(policy.key, at == nullptr ? " is gone" : " was changed");
  }
  std::sort(wanted.begin(), wanted.end(), by_key);
  auto known = unlisted_policies_;
  std::sort(known.begin(), known.end(), by_key);
  Found there;
  for (const Policy& policy : found) {
    if (find_policy(wanted, policy.key) != nullptr) continue;
    there.unlisted.push_back(policy);
    if (find_policy(known, policy.key) == nullptr) lines.add(policy.key, " was added");
  }
  if (!whole) there.actual = std::move(found);
  return there;
}

void PolicyTable::compare(std::vector<Policy> found, std::vector<std::string>& out) {
  auto there = examine(std::move(found), out);
  unlisted_policies_ = std::move(there.unlisted);
  actual_ = std::move(there.actual);
}

std::optional<int> PolicyTable::InstalledAcl::index_of(const std::string& name) const {
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return interfaces[i];
  return std::nullopt;
}

void PolicyTable::compare_interfaces(std::span<const Result<Link>> links,
                                     std::vector<std::string>& out) const {
  if (!installed_) return;
  for (std::size_t i = 0; i < links.size(); ++i) {
    const auto& name = config_.interfaces[i];
    const auto protected_as = installed_->index_of(name);
    if (!links[i] && protected_as)
      out.push_back("interface " + name + " is gone");
    else if (links[i] && !protected_as)
      out.push_back("interface " + name + " has come");
    else if (links[i] && links[i]->index != *protected_as)
      out.push_back("interface " + name + " has another index");
  }
}

Result<bool> PolicyTable::has_policy() {
  const auto policies = read({});
  if (!policies) return tl::unexpected{policies.error()};
  return std::any_of(policies->begin(), policies->end(),
                     [](const Policy& policy) { return policy.body.reqid != 0; });
}

}  // namespace xfrm
