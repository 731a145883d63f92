// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/installer.h"

#include <linux/netlink.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "xfrm/base/contains.h"
#include "xfrm/plane/checks.h"
#include "xfrm/plane/probe.h"
#include "xfrm/plane/senders.h"

namespace xfrm {

Installer::Installer(InstallerConfig config, NetlinkChannel xfrm, NetlinkChannel netfilter,
                     AnchorSet anchors, Events events)
    : config_{std::move(config)},
      xfrm_{std::move(xfrm)},
      netfilter_{std::move(netfilter)},
      events_{std::move(events)},
      anchors_{std::move(anchors)},
      states_{config_, xfrm_, [this] { take_events(); }},
      policies_{config_, xfrm_, [this] { take_events(); }},
      rules_{config_, netfilter_, anchors_},
      lock_{config_, netfilter_} {}

Result<std::unique_ptr<Installer>> Installer::open(InstallerConfig config, FaultInjector faults) {
  if (auto valid = check(config); !valid) return tl::unexpected{valid.error()};
  auto xfrm = NetlinkChannel::open(NETLINK_XFRM, faults);
  if (!xfrm) return tl::unexpected{xfrm.error()};
  auto netfilter = NetlinkChannel::open(NETLINK_NETFILTER, faults);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  auto anchors = AnchorSet::open(config.anchors, std::move(faults), config.pool());
  if (!anchors) return tl::unexpected{anchors.error()};
  auto events = Events::open(config.family());
  if (!events && events.error().code == EPERM)
    return fail(EPERM, "CAP_NET_ADMIN", "missing: " + events.error().message());
  if (!events) return tl::unexpected{events.error()};
  return std::unique_ptr<Installer>{new Installer{std::move(config), std::move(*xfrm),
                                                  std::move(*netfilter), std::move(*anchors),
                                                  std::move(*events)}};
}

Result<std::vector<Link>> Installer::find_interfaces() const {
  std::vector<Link> out;
  std::optional<Error> missing;
  for (const auto& name : config_.interfaces) {
    auto link = find_link(name);
    if (link)
      out.push_back(std::move(*link));
    else if (link.error().code == ENODEV)
      missing = std::move(link.error());
    else
      return tl::unexpected{link.error()};
  }
  if (out.empty()) return tl::unexpected{*missing};
  return out;
}

Result<void> Installer::probe() {
  const auto links = find_interfaces();
  if (!links) return tl::unexpected{links.error()};
  if (auto able = rules_.probe(); !able) return able;
  if (auto able = lock_.probe(*links); !able) return able;
  return probe_esp(xfrm_, config_.anchors);
}

Result<void> Installer::apply(const Desired& desired) {
  if (auto staged = stage(desired); !staged) return staged;
  commit(desired);
  return {};
}

Result<void> Installer::load(std::span<const SaSpec> wanted) {
  loaded_ = false;
  if (auto done = states_.load(wanted); !done) return done;
  if (auto done = policies_.load(); !done) return done;
  if (auto done = rules_.load(); !done) return done;
  if (auto done = lock_.load(); !done) return done;
  if (auto done = anchors_.load(); !done) return done;
  loaded_ = true;
  return {};
}

Result<void> Installer::stage(const Desired& desired) {
  // The common case, a new key: the ACL is as it was.
  same_acl_ = loaded_ && policies_.has_acl(desired.entries);
  if (!same_acl_)
    if (auto valid = check_acl(desired.entries, config_.family()); !valid) return valid;
  if (auto valid = check_keys(desired); !valid) return valid;
  if (auto valid = check_senders(desired.senders, config_); !valid) return valid;
  const auto links = find_interfaces();
  if (!links) return tl::unexpected{links.error()};
  if (auto placed = anchors_.follow(*links); !placed) return placed;
  config_.windows = !desired.senders.empty() || desired.drop_unknown_senders;
  if (!loaded_) {
    if (auto done = load(desired.sas); !done) return done;
    if (auto done = rules_.adopt(desired.entries, *links, desired.drop_unknown_senders); !done) {
      loaded_ = false;
      return done;
    }
  }

  undo_ = {};
  senders_ =
      assign_senders(desired.senders, rules_.senders(), states_.sender_anchors(), config_.pool());
  auto done = install(desired, *links);
  if (!done)
    if (const auto back = roll_back(); !back) done.error().add_failed_undo(back.error());
  return done;
}

Result<void> Installer::roll_back() {
  const auto back = undo_.run();
  loaded_ = false;  // what the kernel holds is read afresh next time, not assumed
  return back;
}

void Installer::commit(const Desired& desired) {
  undo_ = {};
  failed_removals_.clear();
  states_.remove_stale(desired, Direction::outbound, failed_removals_);
  policies_.remove_stale(failed_removals_);
  states_.remove_stale(desired, Direction::inbound, failed_removals_, senders_);
  rules_.remove_stale(desired, policies_.interfaces(), failed_removals_);
  lock_.remove_stale(desired, failed_removals_);
  if (!config_.windows) anchors_.remove_pool(failed_removals_);
  states_.forget_sequences(desired);
}

Result<void> Installer::install(const Desired& desired, const std::vector<Link>& links) {
  if (auto done = anchors_.install(links, undo_, config_.windows); !done) return done;
  if (auto done = states_.install(desired, Direction::inbound, undo_, senders_); !done) return done;
  const SenderWindows windows{senders_, states_.bare_spis(desired, senders_),
                              desired.drop_unknown_senders};
  if (auto done =
          rules_.install(desired.entries, states_.inbound_spis(desired), links, undo_, windows);
      !done)
    return done;
  if (auto done = lock_.prepare(desired.entries, same_acl_, links, undo_); !done) return done;
  if (auto done = policies_.install(desired.entries, same_acl_, links, undo_); !done) return done;
  if (auto done = rules_.install_indices(links, undo_); !done) return done;
  if (auto done = lock_.settle(desired, links, undo_); !done) return done;
  return states_.install(desired, Direction::outbound, undo_);
}

Result<void> Installer::clear() {
  // What is there, not what we remember: a predecessor's remains go as well. Everything is tried,
  // whatever fails; the first failure is reported.
  if (const auto links = find_interfaces())
    if (auto placed = anchors_.follow(*links); !placed) return placed;
  if (auto done = load({}); !done) return done;
  failed_removals_.clear();
  policies_.clear(failed_removals_);
  lock_.clear(failed_removals_);
  states_.clear(failed_removals_);
  rules_.clear(failed_removals_);
  anchors_.clear(failed_removals_);
  loaded_ = false;
  if (!failed_removals_.empty()) return tl::unexpected{failed_removals_.front()};
  return {};
}

Result<ExistingState> Installer::survey() {
  auto sas = states_.existing();
  if (!sas) return tl::unexpected{sas.error()};
  const auto has_policy = policies_.has_policy();
  if (!has_policy) return tl::unexpected{has_policy.error()};
  return ExistingState{std::move(*sas), *has_policy};
}

// unknown leaves out SPIs that some state has: another program's IPsec, or a TEK that came since.
Result<std::vector<UnknownSpi>> Installer::unknown() {
  auto out = lock_.unknown();
  if (!out || out->empty()) return out;
  const auto known = states_.all_spis();
  if (!known) return tl::unexpected{known.error()};
  std::erase_if(*out, [&](const UnknownSpi& one) { return contains(*known, one.spi); });
  return out;
}

// look reads everything before anything is compared: a read that fails leaves things as they were,
// for the next time.
Result<Installer::Reading> Installer::look() {
  Reading out;
  for (const auto& name : config_.interfaces) {
    out.interfaces.push_back(find_link(name));
    if (const auto& link = out.interfaces.back())
      out.links.push_back(*link);
    else if (link.error().code != ENODEV)
      return tl::unexpected{link.error()};
  }
  if (!out.links.empty())
    if (auto placed = anchors_.follow(out.links); !placed) return tl::unexpected{placed.error()};
  auto states = states_.look();
  if (!states) return tl::unexpected{states.error()};
  auto policies = policies_.look();
  if (!policies) return tl::unexpected{policies.error()};
  auto rules = rules_.look();
  if (!rules) return tl::unexpected{rules.error()};
  auto lock = lock_.look();
  if (!lock) return tl::unexpected{lock.error()};
  auto anchors = anchors_.look(out.links);
  if (!anchors) return tl::unexpected{anchors.error()};
  out.states = std::move(*states);
  out.policies = std::move(*policies);
  out.rules = std::move(*rules);
  out.lock = std::move(*lock);
  out.anchors = std::move(*anchors);
  return out;
}

// Not noticed: what is changed and changed back in between; another state put under our SPI, reqid
// and lifetime within the second in which ours was added; sequence numbers and replay windows
// others wrote into a state; and what RulesSnapshot::differences does not compare.
Result<std::vector<std::string>> Installer::verify() {
  std::vector<std::string> out;
  if (!loaded_) return out;
  auto found = look();
  if (!found) return tl::unexpected{found.error()};
  policies_.compare_interfaces(found->interfaces, out);
  states_.compare(found->states, out);
  policies_.compare(std::move(found->policies), out);
  const bool rules_ours = rules_.compare(std::move(found->rules), out);
  const bool lock_ours = lock_.compare(std::move(found->lock), out);
  const bool anchors_ours = anchors_.compare(found->anchors, out);
  if (rules_ours) rules_.compare_mss(found->links, out);
  // Another program has what we need: apply() is to look again and say so.
  if (!rules_ours || !lock_ours || !anchors_ours) loaded_ = false;
  return out;
}

Result<std::vector<std::string>> Installer::differences() {
  std::vector<std::string> out;
  if (!loaded_) return out;
  auto found = look();
  if (!found) return tl::unexpected{found.error()};
  policies_.compare_interfaces(found->interfaces, out);
  static_cast<void>(states_.differ(found->states, out));
  policies_.differ(std::move(found->policies), out);
  const auto before = out.size();
  rules_.differ(found->rules, out);
  const bool rules_whole = out.size() == before;
  lock_.differ(found->lock, out);
  anchors_.differ(found->anchors, out);
  if (rules_whole) rules_.compare_mss(found->links, out);
  return out;
}

Result<std::vector<PlannedChange>> Installer::plan(const Desired& desired,
                                                   const PlaneOptions& options) {
  // The tables read the configuration.
  const auto options_now = std::exchange(config_.options, options);
  const bool windows_now =
      std::exchange(config_.windows, !desired.senders.empty() || desired.drop_unknown_senders);
  auto out = plan(desired);
  config_.options = options_now;
  config_.windows = windows_now;
  return out;
}

Result<std::vector<PlannedChange>> Installer::plan(const Desired& desired) {
  Result<void> valid = check_acl(desired.entries, config_.family());
  if (valid) valid = check_keys(desired);
  if (valid) valid = check_senders(desired.senders, config_);
  if (!valid) return tl::unexpected{valid.error()};
  if (const auto links = find_interfaces(); !links) return tl::unexpected{links.error()};
  auto found = look();
  if (!found) return tl::unexpected{found.error()};
  const auto senders =
      assign_senders(desired.senders, rules_.senders(), states_.sender_anchors(), config_.pool());
  auto states = states_.plan(found->states, loaded_, desired, senders);
  if (!states) return tl::unexpected{states.error()};
  auto& out = states->changes;
  policies_.plan(std::move(found->policies), desired.entries, found->links, out);
  auto done = rules_.plan(found->rules, desired.entries, std::move(states->inbound), found->links,
                          {senders, std::move(states->bare), desired.drop_unknown_senders}, out);
  if (done) done = lock_.plan(found->lock, desired, found->links, out);
  if (done) done = anchors_.plan(found->anchors, config_.windows, out);
  if (!done) return tl::unexpected{done.error()};
  return std::move(out);
}

Result<std::vector<PlannedChange>> Installer::plan_removal() {
  const auto found = look();
  if (!found) return tl::unexpected{found.error()};
  std::vector<PlannedChange> out;
  policies_.plan_removal(found->policies, out);
  LockTable::plan_removal(found->lock, out);
  states_.plan_removal(found->states, out);
  rules_.plan_removal(found->rules, out);
  anchors_.plan_removal(found->anchors, out);
  return out;
}

Result<Explanation> Installer::explain(const Packet& packet, std::uint32_t mark) {
  std::vector<Link> links;
  for (const auto& name : config_.interfaces)
    if (auto link = find_link(name))
      links.push_back(std::move(*link));
    else if (link.error().code != ENODEV)
      return tl::unexpected{link.error()};
  auto policies = ask_policies(xfrm_, packet, links, mark, policies_.scope());
  if (!policies) return tl::unexpected{policies.error()};
  const auto states = states_.existing();
  if (!states) return tl::unexpected{states.error()};
  for (PolicyAnswer& answer : *policies) {
    if (answer.direction != PolicyDirection::out || answer.does != PolicyAnswer::Does::protect)
      continue;
    // The kernel takes the newest of those that a template fits.
    for (const ExistingSa& sa : *states)
      if (sa.outbound && sa.key_class + config_.reqid == answer.policy->reqid) answer.spi = sa.spi;
  }
  auto lock = lock_.explain(packet);
  if (!lock) return tl::unexpected{lock.error()};
  return Explanation{std::move(*policies), std::move(*lock)};
}

EventFilter Installer::filter() const {
  return {policies_.scope(),
          config_.name,
          config_.interfaces,
          loaded_ ? policies_.interfaces() : std::vector<int>{},
          {xfrm_.port(), netfilter_.port(), anchors_.port()},
          config_.pool()};
}

void Installer::take_events() {
  const bool changed =
      events_.read(filter(), [this](const State& state) { states_.note_sequence(state); });
  changed_ = changed_ || changed;
}

bool Installer::read_events() {
  take_events();
  return std::exchange(changed_, false);
}

}  // namespace xfrm
