// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/installer.h"

#include <linux/netlink.h>

#include <cerrno>
#include <map>
#include <utility>

#include "xfrm/nft/multicast.h"
#include "xfrm/plane/checks.h"
#include "xfrm/plane/found_planes.h"

namespace xfrm {

Installer::Installer(PlaneConfig config, NetlinkChannel xfrm, NetlinkChannel netfilter,
                     AnchorSet anchors, Events events)
    : config_{std::move(config)},
      xfrm_{std::move(xfrm)},
      netfilter_{std::move(netfilter)},
      anchors_{std::move(anchors)},
      events_{std::move(events)} {}

Result<std::unique_ptr<Installer>> Installer::open(PlaneConfig config, FaultInjector faults) {
  if (auto good = check(config); !good) return tl::unexpected{good.error()};
  auto xfrm = NetlinkChannel::open(NETLINK_XFRM, faults);
  if (!xfrm) return tl::unexpected{xfrm.error()};
  auto netfilter = NetlinkChannel::open(NETLINK_NETFILTER, faults);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  auto anchors = AnchorSet::open({config.in_anchor, config.out_anchor}, std::move(faults));
  if (!anchors) return tl::unexpected{anchors.error()};
  auto events = Events::open(config.in_anchor.family);
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

PolicyFrame Installer::frame(std::vector<int> interfaces) const {
  return {config_.reqid,
          config_.mark,
          std::move(interfaces),
          {first_priority(config_), priorities_per_plane},
          config_.owner};
}

RulesSpec Installer::rules(std::vector<std::uint32_t> spis, std::vector<int> indices) const {
  return {config_.name,
          comment_of(config_),
          anchor_pair(),
          config_.mark,
          config_.interfaces,
          std::move(spis),
          std::move(indices),
          config_.open_ports,
          config_.reqid,
          there_ ? there_->multicast : std::vector<Entry>{},
          there_ ? there_->mss : std::uint16_t{0}};
}

// wanted_rules is the table as it should be now.
RulesSnapshot Installer::wanted_rules() const {
  Transaction transaction;
  add_rules(transaction, rules(there_->spis, there_->indices));
  return RulesSnapshot::of(transaction, config_.name, config_.in_anchor.family);
}

Result<void> Installer::apply(const Desired& desired) {
  if (auto staged = stage(desired); !staged) return staged;
  commit(desired);
  return {};
}

Result<void> Installer::stage(const Desired& desired) {
  // The common case, a new key: the list is as it was. To know costs one comparison of memory.
  same_list_ = there_ && there_->list && there_->list->entries == desired.entries;
  if (!same_list_)
    if (auto good = check_list(desired.entries, config_.in_anchor.family); !good) return good;
  if (auto good = check_keys(desired); !good) return good;
  const auto links = find_interfaces();
  if (!links) return tl::unexpected{links.error()};
  if (auto placed = anchors_.follow(*links); !placed) return placed;
  if (!there_) {
    auto read = read_inventory(xfrm_, netfilter_, anchors_, config_, desired.sas);
    if (!read) return tl::unexpected{read.error()};
    there_ = std::move(*read);
    there_->multicast = multicast_lines(desired.entries);
    const auto mss = wanted_mss(*links);
    if (!mss) return tl::unexpected{mss.error()};
    there_->mss = *mss;
    // A predecessor's table that is just what we would write stays as it is.
    if (there_->old_table && there_->old_table->differences(wanted_rules()).empty())
      there_->table = true;
  }

  undo_ = {};
  auto done = install(desired, *links, undo_);
  if (!done)
    if (const auto back = roll_back(); !back)
      done.error().detail += "; and taking back failed: " + back.error().message();
  return done;
}

Result<void> Installer::roll_back() {
  removals_.clear();
  const auto back = undo_.run();
  there_.reset();  // what the kernel holds is read afresh next time, not assumed
  return back;
}

void Installer::commit(const Desired& desired) {
  undo_ = {};
  failed_removals_.clear();
  there_->old_table.reset();
  remove_stale(desired);
  forget_sequences(desired);
}

Result<void> Installer::install(const Desired& desired, const std::vector<Link>& links,
                                Undo& undo) {
  if (auto done = install_anchors(links, undo); !done) return done;
  if (auto done = install_states(desired, Direction::inbound, undo); !done) return done;
  if (auto done = install_rules(desired, links, undo); !done) return done;
  if (auto done = install_policies(desired, links, undo); !done) return done;
  if (auto done = install_indices(links, undo); !done) return done;
  return install_states(desired, Direction::outbound, undo);
}

Result<void> Installer::install_anchors(const std::vector<Link>& links, Undo& undo) {
  if (!there_->address) {
    const auto added = anchors_.add_address();
    if (!added) return tl::unexpected{added.error()};
    if (*added) undo.push([this] { return anchors_.delete_address(); });
    there_->address = *added;
  }
  const auto route = anchors_.wanted_route(links);
  if (!route) return tl::unexpected{route.error()};
  if (there_->route == *route) return {};
  const auto set = anchors_.set_route(*route);
  if (!set) return tl::unexpected{set.error()};
  if (!*set) return {};
  undo.push([this, before = there_->route]() -> Result<void> {
    if (!before) return anchors_.delete_route();
    if (auto back = anchors_.set_route(*before); !back) return tl::unexpected{back.error()};
    return {};
  });
  there_->route = *route;
  return {};
}

Result<void> Installer::clear() {
  // What is there, not what we remember: a predecessor's remains go as well. Everything is tried,
  // whatever fails; the first failure is reported.
  removals_ = {};
  if (const auto links = find_interfaces())
    if (auto placed = anchors_.follow(*links); !placed) return placed;
  auto read = read_inventory(xfrm_, netfilter_, anchors_, config_, {});
  if (!read) return tl::unexpected{read.error()};
  there_ = std::move(*read);
  failed_removals_.clear();
  std::vector<PolicyStep> steps;
  for (const Policy& policy : there_->unlisted_policies)
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
  sent_.clear();
  if (!failed_removals_.empty()) return tl::unexpected{failed_removals_.front()};
  return {};
}

Result<std::vector<SaCounters>> Installer::counters() {
  std::vector<SaCounters> out;
  auto read = read_states(xfrm_, config_, [&](const State& state, Direction direction) {
    out.push_back({state.spi, direction == Direction::outbound, state.packets, state.bytes,
                   state.replay_errors, state.integrity_errors});
    note_sequence(state, direction);
  });
  if (!read) return tl::unexpected{read.error()};
  return out;
}

Result<ExistingState> Installer::survey() {
  ExistingState out;
  std::map<std::pair<Direction, std::uint32_t>, std::uint64_t> packets;
  const auto states =
      read_installed(xfrm_, config_, {}, [&](const State& state, Direction direction) {
        packets[{direction, state.spi}] = state.packets;
      });
  if (!states) return tl::unexpected{states.error()};
  const std::uint64_t now = wall_seconds();
  for (const InstalledState& state : *states) {
    ExistingSa found{state.spi, static_cast<KeyClass>(state.reqid - config_.reqid),
                     state.direction == Direction::outbound, std::nullopt,
                     packets[{state.direction, state.spi}]};
    if (state.hard_seconds != 0) {
      const std::uint64_t end = state.added_from + state.hard_seconds;
      found.remaining_seconds = static_cast<std::uint32_t>(end > now ? end - now : 0);
    }
    out.sas.push_back(found);
  }
  const auto policies = read_policies(xfrm_, scope_of(config_));
  if (!policies) return tl::unexpected{policies.error()};
  out.list = std::any_of(policies->begin(), policies->end(),
                         [](const Policy& policy) { return policy.body.reqid != 0; });
  return out;
}

EventFilter Installer::filter() const {
  std::vector<int> indices;
  if (there_ && there_->list) indices = there_->list->interfaces;
  return {scope_of(config_),
          config_.name,
          config_.interfaces,
          std::move(indices),
          {xfrm_.port(), netfilter_.port(), anchors_.port()}};
}

void Installer::take_events() {
  const bool changed = events_.read(
      filter(), [this](const State& state) { note_sequence(state, direction_of(state)); });
  changed_ = changed_ || changed;
}

bool Installer::read_events() {
  take_events();
  return std::exchange(changed_, false);
}

}  // namespace xfrm
