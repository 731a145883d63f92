// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/installer.h"

#include <linux/netlink.h>

#include <cassert>
#include <cerrno>
#include <map>

#include "xfrm/checks.h"

namespace xfrm {
namespace {

bool wants(const SaSpec& sa, Side side) { return side == Side::inbound ? sa.receive : sa.send; }

bool wanted(const Desired& desired, Side side, std::uint32_t spi) {
  return std::any_of(desired.sas.begin(), desired.sas.end(),
                     [&](const SaSpec& sa) { return sa.spi == spi && wants(sa, side); });
}

// to_add are the SAs whose state on `side` must be there. Outbound that is one a class, the last:
// adding an older one beside it would be of no use, and the kernel prefers what was added last.
std::vector<const SaSpec*> to_add(const Desired& desired, Side side) {
  std::vector<const SaSpec*> out;
  std::map<KeyClass, const SaSpec*> last;
  for (const SaSpec& sa : desired.sas) {
    if (!wants(sa, side)) continue;
    if (side == Side::inbound) out.push_back(&sa);
    last[sa.key_class] = &sa;
  }
  if (side == Side::outbound)
    for (const auto& [key_class, sa] : last) out.push_back(sa);
  return out;
}

bool contains(const std::vector<std::uint32_t>& values, std::uint32_t value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

const Address& destination(const PlaneConfig& config, Side side) {
  return side == Side::inbound ? config.in_anchor : config.out_anchor;
}

}  // namespace

Installer::Installer(PlaneConfig config, Exchange xfrm, Exchange netfilter, AnchorSet anchors)
    : config_{std::move(config)},
      xfrm_{std::move(xfrm)},
      netfilter_{std::move(netfilter)},
      anchors_{std::move(anchors)} {}

Result<std::unique_ptr<Installer>> Installer::open(PlaneConfig config, Gate gate) {
  if (auto good = check(config); !good) return tl::unexpected{good.error()};
  auto xfrm = Exchange::open(NETLINK_XFRM, gate);
  if (!xfrm) return tl::unexpected{xfrm.error()};
  auto netfilter = Exchange::open(NETLINK_NETFILTER, gate);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  auto anchors = AnchorSet::open({config.in_anchor, config.out_anchor}, std::move(gate));
  if (!anchors) return tl::unexpected{anchors.error()};
  return std::unique_ptr<Installer>{new Installer{std::move(config), std::move(*xfrm),
                                                  std::move(*netfilter), std::move(*anchors)}};
}

Result<std::vector<Link>> Installer::find_interfaces() const {
  std::vector<Link> out;
  for (const auto& name : config_.interfaces) {
    auto link = find_link(name);
    if (!link) return tl::unexpected{link.error()};
    out.push_back(std::move(*link));
  }
  return out;
}

PolicyFrame Installer::frame(std::vector<int> interfaces) const {
  return {config_.reqid,
          config_.mark,
          std::move(interfaces),
          {config_.first_priority, priorities_per_plane}};
}

RulesSpec Installer::rules(std::vector<std::uint32_t> spis) const {
  return {config_.name, anchor_pair(), config_.mark, config_.interfaces, std::move(spis)};
}

Result<void> Installer::apply(const Desired& desired) {
  if (auto good = check(desired); !good) return good;
  const auto links = find_interfaces();
  if (!links) return tl::unexpected{links.error()};
  if (!there_) {
    auto read = read_inventory(xfrm_, netfilter_, anchors_, config_, desired.sas);
    if (!read) return tl::unexpected{read.error()};
    there_ = std::move(*read);
  }

  Undo undo;
  auto done = install(desired, *links, undo);
  if (!done) {
    removals_.clear();
    const auto back = undo.run();
    there_.reset();  // what the kernel holds is read afresh next time, not assumed
    if (!back) done.error().detail += "; and taking back failed: " + back.error().message();
    return done;
  }
  leftovers_.clear();
  remove_stale(desired);
  return {};
}

Result<void> Installer::install(const Desired& desired, const std::vector<Link>& links,
                                Undo& undo) {
  if (auto done = install_anchors(links, undo); !done) return done;
  if (auto done = install_states(desired, Side::inbound, undo); !done) return done;
  if (auto done = install_rules(desired, undo); !done) return done;
  if (auto done = install_policies(desired, links, undo); !done) return done;
  return install_states(desired, Side::outbound, undo);
}

Result<void> Installer::install_anchors(const std::vector<Link>& links, Undo& undo) {
  if (!there_->address) {
    if (auto done = anchors_.add_address(); !done) return done;
    undo.push([this] { return anchors_.delete_address(); });
    there_->address = true;
  }
  const auto route = anchors_.wanted_route(links);
  if (!route) return tl::unexpected{route.error()};
  if (there_->route == *route) return {};
  if (auto done = anchors_.set_route(*route); !done) return done;
  undo.push([this, before = there_->route] {
    return before ? anchors_.set_route(*before) : anchors_.delete_route();
  });
  there_->route = *route;
  return {};
}

Result<void> Installer::install_states(const Desired& desired, Side side, Undo& undo) {
  for (const SaSpec* sa : to_add(desired, side)) {
    const InstalledState* found = there_->find(side, sa->spi);
    if (found != nullptr && found->usable) continue;
    // A predecessor's, under the same SPI but with other keys: of no use to anybody any more, and
    // since we do not keep keys, not put back either when a later step fails.
    if (found != nullptr)
      if (auto gone = remove_state(*found); !gone) return gone;
    if (auto added = add_state(*sa, side, undo); !added) return added;
  }
  return {};
}

Result<void> Installer::add_state(const SaSpec& sa, Side side, Undo& undo) {
  Request request;
  const std::uint32_t reqid = config_.reqid + sa.key_class;
  xfrm::add_state(request, sa, side, anchor_pair(), reqid);
  if (auto done = xfrm_.request(request, describe(side, sa.spi)); !done) return done;
  std::uint64_t order = 1;
  for (const InstalledState& state : there_->states) order = std::max(order, state.order + 1);
  const InstalledState added{sa.spi, side, reqid, order, true};
  there_->states.push_back(added);
  undo.push([this, added] { return remove_state(added); });
  return {};
}

// remove_state: one that is gone already, expired for instance, is no error.
Result<void> Installer::remove_state(const InstalledState& gone) {
  const auto state = gone;  // `gone` may be an element of what is erased below
  Request request;
  delete_state(request, state.spi, destination(config_, state.side));
  auto done = xfrm_.request(request, describe(state.side, state.spi));
  if (!done && done.error().code != ESRCH) return done;
  std::erase_if(there_->states, [&](const InstalledState& other) {
    return other.side == state.side && other.spi == state.spi;
  });
  return {};
}

Result<void> Installer::install_rules(const Desired& desired, Undo& undo) {
  std::vector<std::uint32_t> missing;
  for (const SaSpec& sa : desired.sas)
    if (sa.receive && !contains(there_->spis, sa.spi)) missing.push_back(sa.spi);
  const Family family = config_.in_anchor.family;
  Transaction transaction;
  auto spis = there_->spis;
  spis.insert(spis.end(), missing.begin(), missing.end());

  if (there_->table) {
    for (const auto spi : missing) add_spi(transaction, config_.name, family, spi);
    if (auto done = netfilter_.transact(transaction); !done) return done;
    undo.push([this, missing, family]() -> Result<void> {
      Transaction back;
      for (const auto spi : missing) delete_spi(back, config_.name, family, spi);
      return netfilter_.transact(back);
    });
    there_->spis = std::move(spis);
    return {};
  }

  // A predecessor's table is replaced, whatever state it is in, by one transaction: no packet meets
  // half of it.
  if (there_->old_table) delete_table(transaction, config_.name, family);
  add_rules(transaction, rules(spis));
  if (auto done = netfilter_.transact(transaction); !done) return done;
  undo.push([this, family]() -> Result<void> {
    Transaction back;
    delete_table(back, config_.name, family);
    if (there_->old_table) there_->old_table->restore(back);
    return netfilter_.transact(back);
  });
  there_->table = true;
  there_->spis = std::move(spis);
  return {};
}

Result<void> Installer::install_policies(const Desired& desired, const std::vector<Link>& links,
                                         Undo& undo) {
  std::vector<int> interfaces;
  for (const Link& link : links) interfaces.push_back(link.index);
  auto& list = there_->list;
  // The common case, a new key: the list is as it was. To know costs one comparison of memory.
  if (list && list->entries == desired.entries && list->interfaces == interfaces &&
      there_->strays.empty())
    return {};

  std::vector<Policy> present = there_->strays;
  if (list) {
    const auto listed =
        expand(without_duplicates(list->entries), frame(list->interfaces), list->first);
    present.insert(present.end(), listed.begin(), listed.end());
  }
  auto plan =
      plan_policies(std::move(present), without_duplicates(desired.entries), frame(interfaces));
  if (auto done = put_policies(plan.install, undo); !done) return done;
  removals_ = std::move(plan.remove);
  list = Inventory::List{desired.entries, std::move(interfaces), plan.first};
  there_->strays.clear();
  return {};
}

Result<void> Installer::put_policies(std::span<const PolicyStep> steps, Undo& undo) {
  Series series;
  series.count = steps.size();
  series.build = [&](std::size_t i, Request& request) {
    put_policy(request, {steps[i].key, *steps[i].after}, anchor_pair(),
               steps[i].before ? IfPresent::replace : IfPresent::refuse);
  };
  series.name = [&](std::size_t i) { return describe(steps[i].key); };
  // Order matters between what protects and what passes in clear: the one may not be done when the
  // other before it was refused.
  series.barrier = [&](std::size_t i) {
    return i > 0 && (steps[i].after->reqid == 0) != (steps[i - 1].after->reqid == 0);
  };
  const Outcome outcome = xfrm_.series(series);
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
  Series series;
  series.count = back.size();
  series.build = [&](std::size_t i, Request& request) {
    if (back[i]->before)
      put_policy(request, {back[i]->key, *back[i]->before}, anchor_pair(), IfPresent::replace);
    else
      delete_policy(request, back[i]->key);
  };
  series.name = [&](std::size_t i) { return describe(back[i]->key); };
  series.tolerated = ENOENT;
  series.stop_at_refusal = false;
  const Outcome outcome = xfrm_.series(series);
  if (!outcome.refused.empty()) return tl::unexpected{outcome.refused.front().error};
  return {};
}

void Installer::remove_policies(std::span<const PolicyStep> steps) {
  Series series;
  series.count = steps.size();
  series.build = [&](std::size_t i, Request& request) { delete_policy(request, steps[i].key); };
  series.name = [&](std::size_t i) { return describe(steps[i].key); };
  series.tolerated = ENOENT;
  series.stop_at_refusal = false;
  for (Refusal& refusal : xfrm_.series(series).refused) {
    const PolicyStep& step = steps[refusal.index];
    there_->strays.push_back({step.key, *step.before});
    leave(std::move(refusal.error));
  }
}

void Installer::remove_stale(const Desired& desired) {
  // Outbound states that were added after the one to be used would be preferred to it.
  std::map<std::uint32_t, std::uint64_t> newest;  // reqid: order
  for (const SaSpec* sa : to_add(desired, Side::outbound))
    if (const auto* state = there_->find(Side::outbound, sa->spi))
      newest[state->reqid] = state->order;
  std::vector<InstalledState> stale;
  for (const Side side : {Side::outbound, Side::inbound})
    for (const InstalledState& state : there_->states) {
      if (state.side != side) continue;
      const auto used = newest.find(state.reqid);
      const bool in_the_way =
          side == Side::outbound && used != newest.end() && state.order > used->second;
      if (in_the_way || !state.usable || !wanted(desired, side, state.spi)) stale.push_back(state);
    }
  for (const InstalledState& state : stale)
    if (state.side == Side::outbound)
      if (auto gone = remove_state(state); !gone) leave(std::move(gone.error()));
  remove_policies(removals_);
  removals_ = {};
  for (const InstalledState& state : stale)
    if (state.side == Side::inbound)
      if (auto gone = remove_state(state); !gone) leave(std::move(gone.error()));
  remove_stale_spis(desired);
}

void Installer::remove_stale_spis(const Desired& desired) {
  std::vector<std::uint32_t> kept;
  for (const auto spi : there_->spis) {
    if (wanted(desired, Side::inbound, spi)) {
      kept.push_back(spi);
      continue;
    }
    Transaction transaction;
    delete_spi(transaction, config_.name, config_.in_anchor.family, spi);
    auto gone = netfilter_.transact(transaction);
    if (gone || gone.error().code == ENOENT) continue;
    kept.push_back(spi);
    leave(std::move(gone.error()));
  }
  there_->spis = std::move(kept);
}

Result<void> Installer::clear() {
  // What is there, not what we remember: a predecessor's remains go as well. Everything is tried,
  // whatever fails; the first failure is reported.
  removals_ = {};
  auto read = read_inventory(xfrm_, netfilter_, anchors_, config_, {});
  if (!read) return tl::unexpected{read.error()};
  there_ = std::move(*read);
  leftovers_.clear();
  std::vector<PolicyStep> steps;
  for (const Policy& policy : there_->strays)
    steps.push_back({policy.key, policy.body, std::nullopt});
  std::stable_sort(steps.begin(), steps.end(), [](const auto& a, const auto& b) {
    return a.before->priority > b.before->priority;
  });
  remove_policies(steps);
  const auto states = there_->states;
  for (const InstalledState& state : states)
    if (auto gone = remove_state(state); !gone) leave(std::move(gone.error()));
  if (there_->old_table) {
    Transaction transaction;
    delete_table(transaction, config_.name, config_.in_anchor.family);
    auto gone = netfilter_.transact(transaction);
    if (!gone && gone.error().code != ENOENT) leave(std::move(gone.error()));
  }
  if (there_->route)
    if (auto gone = anchors_.delete_route(); !gone) leave(std::move(gone.error()));
  if (there_->address)
    if (auto gone = anchors_.delete_address(); !gone) leave(std::move(gone.error()));
  there_.reset();
  if (!leftovers_.empty()) return tl::unexpected{leftovers_.front()};
  return {};
}

Result<std::vector<SaCounters>> Installer::counters() {
  std::vector<SaCounters> out;
  auto read = read_states(xfrm_, config_, [&](const State& state, Side side) {
    out.push_back({state.spi, side == Side::outbound, state.packets, state.bytes,
                   state.replay_errors, state.integrity_errors});
  });
  if (!read) return tl::unexpected{read.error()};
  return out;
}

}  // namespace xfrm
