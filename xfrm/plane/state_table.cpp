// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/state_table.h"

#include <cerrno>
#include <utility>

#include "xfrm/base/contains.h"
#include "xfrm/base/wall_clock.h"
#include "xfrm/ipsec/presumed_sent.h"
#include "xfrm/plane/senders.h"
#include "xfrm/plane/state_choice.h"

namespace xfrm {
namespace {

// Times of addition have whole seconds; of states of one second the kernel lists the newer first.
void number_by_age(std::vector<InstalledState>& states) {
  std::reverse(states.begin(), states.end());
  std::stable_sort(states.begin(), states.end(),
                   [](const auto& a, const auto& b) { return a.added_from < b.added_from; });
  std::uint64_t order = 0;
  for (InstalledState& state : states) state.order = ++order;
}

// Room for what a state may have sent after we last saw it: some ten seconds at 100,000 packets a
// second. Of a number space of 2^32 it takes little.
constexpr std::uint64_t sequence_gap = std::uint64_t{1} << 20;

}  // namespace

StateTable::StateTable(const InstallerConfig& config, NetlinkChannel& xfrm,
                       std::function<void()> take_events)
    : config_{config}, xfrm_{xfrm}, take_events_{std::move(take_events)} {}

const InstalledState* StateTable::find(const Address& destination, std::uint32_t spi) const {
  return find_state(installed_, destination, spi);
}

std::string StateTable::name_of(const InstalledState& state) const {
  auto out = describe(state.direction, state.spi);
  const bool of_sender =
      state.destination != config_.anchors.in && state.destination != config_.anchors.out;
  return of_sender ? out + ", anchor " + describe(state.destination) : out;
}

Result<void> StateTable::read(const std::function<void(const State&, Direction)>& each) {
  Request request;
  list_states(request, config_.family());
  return xfrm_.dump(request, "list of states", [&](const nlmsghdr& message) {
    const auto state = read_state(message);
    // A larval state (SPI 0) waits for a key manager, and goes by itself.
    if (!state || !state->esp_tunnel || state->spi == 0 ||
        state->reqid - config_.reqid >= max_key_classes)
      return;
    if (state->destination == config_.anchors.out)
      each(*state, Direction::outbound);
    else if (state->destination == config_.anchors.in || is_in(state->destination, config_.pool()))
      each(*state, Direction::inbound);
  });
}

Result<std::vector<std::uint32_t>> StateTable::all_spis() {
  std::vector<std::uint32_t> out;
  Request request;
  list_states(request, config_.family());
  const auto done = xfrm_.dump(request, "list of states", [&](const nlmsghdr& message) {
    if (const auto state = read_state(message)) out.push_back(state->spi);
  });
  if (!done) return tl::unexpected{done.error()};
  return out;
}

Result<std::vector<InstalledState>> StateTable::read_by_age(
    std::span<const SaSpec> wanted, const std::function<void(const State&, Direction)>& each) {
  std::vector<InstalledState> out;
  auto done = read([&](const State& state, Direction direction) {
    const SaSpec* sa = find_sa(wanted, state.spi);
    const bool usable =
        sa == nullptr || (state.reqid == config_.reqid + sa->key_class && same_keys(state, *sa));
    out.push_back({state.spi, direction, state.reqid, 0, usable, state.added, state.added,
                   state.hard_seconds, state.destination});
    if (each) each(state, direction);
  });
  if (!done) return tl::unexpected{done.error()};
  number_by_age(out);
  return out;
}

Result<void> StateTable::load(std::span<const SaSpec> wanted) {
  auto states = read_by_age(wanted, {});
  if (!states) return tl::unexpected{states.error()};
  installed_ = std::move(*states);
  return {};
}

bool StateTable::is_wanted(const Desired& desired, const InstalledState& state,
                           std::span<const Sender> senders) const {
  if (state.direction == Direction::inbound && state.destination != config_.anchors.in &&
      std::none_of(senders.begin(), senders.end(),
                   [&](const Sender& sender) { return sender.anchor == state.destination; }))
    return false;
  const auto named = [&](const KeptSa& kept) {
    return kept.spi == state.spi && kept.outbound == (state.direction == Direction::outbound) &&
           config_.reqid + kept.key_class == state.reqid;
  };
  return std::any_of(
             desired.sas.begin(), desired.sas.end(),
             [&](const SaSpec& sa) { return sa.spi == state.spi && wants(sa, state.direction); }) ||
         std::any_of(desired.kept.begin(), desired.kept.end(), named);
}

std::vector<std::uint32_t> StateTable::inbound_spis(
    const Desired& desired, const std::vector<InstalledState>& states) const {
  std::vector<std::uint32_t> out;
  for (const SaSpec& sa : desired.sas)
    if (sa.receive) out.push_back(sa.spi);
  for (const KeptSa& kept : desired.kept)
    if (!kept.outbound && !contains(out, kept.spi) &&
        find_state(states, config_.anchors.in, kept.spi) != nullptr)
      out.push_back(kept.spi);
  return out;
}

std::vector<std::uint32_t> StateTable::bare_spis(const Desired& desired,
                                                 std::span<const Sender> senders,
                                                 const std::vector<InstalledState>& states) const {
  auto out = inbound_spis(desired, states);
  std::erase_if(out, [&](std::uint32_t spi) {
    return std::all_of(senders.begin(), senders.end(), [&](const Sender& sender) {
      return find_state(states, sender.anchor, spi) != nullptr;
    });
  });
  return out;
}

std::vector<Address> StateTable::sender_anchors() const {
  std::vector<Address> out;
  for (const InstalledState& state : installed_)
    if (is_in(state.destination, config_.pool())) out.push_back(state.destination);
  return out;
}

void StateTable::note_sequence(const State& state) {
  if (state.destination != config_.anchors.out || state.sent == 0) return;
  Sent& sent = sent_[state.spi];
  sent.sequence = std::max(sent.sequence, state.sent);
  sent.ends = state.hard_seconds == 0 ? 0 : state.added + state.hard_seconds;
}

// first_sequence is where an outbound state that is added goes on. A receiver drops what lies
// behind its replay window, so a state that was deleted, by us or others, must not begin at 1 again
// under its key; and what was sent between our last look and the deletion is not known, unless the
// kernel told of the deletion. Of what was sent before we started only the key's age tells.
Result<std::uint64_t> StateTable::first_sequence(const SaSpec& sa) {
  take_events_();
  std::uint64_t first = presumed_sent(sa.lifetime_seconds);
  if (const auto last = sent_.find(sa.spi); last != sent_.end())
    first = std::max(first, last->second.sequence + sequence_gap);
  if (!sa.extended_sequence && first >= std::uint64_t{1} << 32)
    return fail(EOVERFLOW, describe(Direction::outbound, sa.spi),
                "its sequence numbers are used up");
  return first;
}

void StateTable::forget_sequences(const Desired& desired) {
  const std::uint64_t now = wall_seconds();
  std::erase_if(sent_, [&](const auto& known) {
    const auto& [spi, sent] = known;
    return sent.ends == 0 ? find_sa(desired.sas, spi) == nullptr : sent.ends <= now;
  });
}

// An inbound SA without a window for its sender would lose packets of many: IN is for the rest.
Result<void> StateTable::install(const Desired& desired, Direction direction, Undo& undo,
                                 std::span<const Sender> senders) {
  const bool inbound = direction == Direction::inbound;
  for (const SaSpec* sa : to_add(desired, direction)) {
    SaSpec of_rest = *sa;
    if (desired.sender_windows && !sa->extended_sequence) of_rest.replay_window = 0;
    const Address& rest = inbound ? config_.anchors.in : config_.anchors.out;
    if (auto done = install(of_rest, direction, rest, undo); !done) return done;
    if (!inbound) continue;
    for (const Sender& sender : senders)
      if (auto done = install(*sa, direction, sender.anchor, undo); !done) return done;
  }
  return {};
}

Result<void> StateTable::install(const SaSpec& sa, Direction direction, const Address& destination,
                                 Undo& undo) {
  const InstalledState* found = find(destination, sa.spi);
  if (found != nullptr && found->usable) return {};
  // A predecessor's, under the same SPI but with other keys: of no use to anybody any more, and
  // since we do not keep keys, not put back either when a later step fails.
  if (found != nullptr)
    if (auto gone = remove(*found); !gone) return gone;
  return add(sa, direction, destination, undo);
}

Result<void> StateTable::add(const SaSpec& sa, Direction direction, const Address& destination,
                             Undo& undo) {
  Request request;
  const std::uint32_t reqid = config_.reqid + sa.key_class;
  const bool inbound = direction == Direction::inbound;
  const auto start = inbound ? Result<std::uint64_t>{0} : first_sequence(sa);
  if (!start) return tl::unexpected{start.error()};
  InstalledState added{sa.spi, direction, reqid, 1, true, wall_seconds()};
  added.destination = destination;
  const Anchors anchors{inbound ? destination : config_.anchors.in, config_.anchors.out};
  add_state(request, sa, direction, anchors, reqid, *start);
  if (auto done = xfrm_.request(request, name_of(added)); !done) return done;
  added.order = next_order(installed_);
  added.added_to = wall_seconds();
  added.hard_seconds = sa.lifetime_seconds;
  installed_.push_back(added);
  undo.push([this, added] { return remove(added); });
  return {};
}

// remove: one that is gone already, expired for instance, is no error.
Result<void> StateTable::remove(const InstalledState& gone) {
  const auto state = gone;  // `gone` may be an element of what is erased below
  Request request;
  delete_state(request, state.spi, state.destination);
  auto done = xfrm_.request(request, name_of(state));
  if (!done && done.error().code != ESRCH) return done;
  std::erase_if(installed_, [&](const InstalledState& other) {
    return other.is(state.destination, state.spi);
  });
  return {};
}

void StateTable::remove_all(const std::vector<InstalledState>& states, std::vector<Error>& failed) {
  for (const InstalledState& state : states)
    if (auto gone = remove(state); !gone) failed.push_back(std::move(gone.error()));
}

std::vector<InstalledState> StateTable::stale(const std::vector<InstalledState>& states,
                                              const Desired& desired, Direction direction,
                                              std::span<const Sender> senders) const {
  // Outbound states that were added after the one to be used would be preferred to it; so would
  // those that only seem to be, because the clock was set back in between.
  std::map<std::uint32_t, const InstalledState*> used;  // by reqid
  if (direction == Direction::outbound)
    for (const auto& [key_class, spi] : used_outbound(desired))
      if (const auto* state = find_state(states, config_.anchors.out, spi))
        used[state->reqid] = state;
  std::vector<InstalledState> out;
  for (const InstalledState& state : states) {
    if (state.direction != direction) continue;
    const auto at = used.find(state.reqid);
    const bool in_the_way = at != used.end() && &state != at->second &&
                            (desired.remove_superseded || state.order > at->second->order ||
                             state.added_from > at->second->added_to);
    if (in_the_way || !state.usable || !is_wanted(desired, state, senders)) out.push_back(state);
  }
  return out;
}

void StateTable::remove_stale(const Desired& desired, Direction direction,
                              std::vector<Error>& failed, std::span<const Sender> senders) {
  remove_all(stale(installed_, desired, direction, senders), failed);
}

void StateTable::clear(std::vector<Error>& failed) {
  const auto all = installed_;
  remove_all(all, failed);
}

Result<std::vector<InstalledState>> StateTable::look() {
  return read_by_age({}, [this](const State& state, Direction) { note_sequence(state); });
}

std::vector<InstalledState> StateTable::differ(const std::vector<InstalledState>& found,
                                               std::vector<std::string>& out) const {
  const std::uint64_t now = wall_seconds();
  std::vector<InstalledState> actual;
  std::uint64_t order = 0;
  for (InstalledState state : installed_) {
    order = std::max(order, state.order);
    const auto at = std::find_if(found.begin(), found.end(), [&](const InstalledState& other) {
      return other.is(state.destination, state.spi);
    });
    if (at == found.end()) {
      // What the kernel let expire goes when it is no longer wanted.
      if (state.expired_by(now))
        actual.push_back(state);
      else
        out.push_back(name_of(state) + " is gone");
      continue;
    }
    const bool same = at->reqid == state.reqid && at->hard_seconds == state.hard_seconds &&
                      at->added_from >= state.added_from && at->added_from <= state.added_to;
    if (!same) out.push_back(name_of(state) + " was changed");
    state.usable = state.usable && same;
    state.added_from = state.added_to = at->added_from;
    actual.push_back(state);
  }
  for (InstalledState state : found) {
    if (find(state.destination, state.spi) != nullptr) continue;
    out.push_back(name_of(state) + " was added");
    state.usable = false;  // whatever its keys are
    state.order = ++order;
    actual.push_back(state);
  }
  return actual;
}

Result<std::vector<SaCounters>> StateTable::counters(std::span<const Sender> senders) {
  std::map<Address, Prefix> networks;
  for (const Sender& sender : senders) networks.emplace(sender.anchor, sender.network);
  std::vector<SaCounters> out;
  auto done = read([&](const State& state, Direction direction) {
    out.push_back({state.spi, direction == Direction::outbound, state.packets, state.bytes,
                   state.replay_errors, state.integrity_errors});
    if (const auto at = networks.find(state.destination); at != networks.end())
      out.back().sender = at->second;
    note_sequence(state);
  });
  if (!done) return tl::unexpected{done.error()};
  return out;
}

Result<std::vector<ExistingSa>> StateTable::existing() {
  std::map<std::pair<Direction, std::uint32_t>, std::pair<std::uint64_t, std::uint32_t>> more;
  const auto states = read_by_age({}, [&](const State& state, Direction direction) {
    auto& [packets, replay_window] = more[{direction, state.spi}];
    packets += state.packets;
    replay_window = std::max(replay_window, state.replay_window);
  });
  if (!states) return tl::unexpected{states.error()};
  const std::uint64_t now = wall_seconds();
  std::vector<ExistingSa> out;
  for (const InstalledState& state : *states) {
    // Those of senders are told with the one to IN.
    if (state.direction == Direction::inbound && state.destination != config_.anchors.in) continue;
    const auto [packets, replay_window] = more[{state.direction, state.spi}];
    ExistingSa sa{state.spi,
                  static_cast<KeyClass>(state.reqid - config_.reqid),
                  state.direction == Direction::outbound,
                  std::nullopt,
                  packets,
                  replay_window};
    if (state.hard_seconds != 0) {
      const std::uint64_t end = state.added_from + state.hard_seconds;
      sa.remaining_seconds = static_cast<std::uint32_t>(end > now ? end - now : 0);
    }
    out.push_back(sa);
  }
  return out;
}

}  // namespace xfrm
