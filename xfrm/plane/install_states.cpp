// SPDX-License-Identifier: GPL-2.0-or-later
// The states of a plane: which are there, which are added and removed.
#include <cerrno>
#include <map>

#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

bool wants(const SaSpec& sa, Direction direction) {
  return direction == Direction::inbound ? sa.receive : sa.send;
}

// used_outbound is the SPI each class sends on.
std::map<KeyClass, std::uint32_t> used_outbound(const Desired& desired) {
  std::map<KeyClass, std::uint32_t> out;
  for (const KeptSa& kept : desired.kept)
    if (kept.outbound) out[kept.key_class] = kept.spi;
  for (const SaSpec& sa : desired.sas)
    if (sa.send) out[sa.key_class] = sa.spi;
  return out;
}

// to_add are the SAs whose state on `direction` must be there. Outbound that is one a class, the
// last: adding an older one beside it would be of no use, and the kernel prefers what was added
// last.
std::vector<const SaSpec*> to_add(const Desired& desired, Direction direction) {
  std::vector<const SaSpec*> out;
  std::map<KeyClass, const SaSpec*> last;
  for (const SaSpec& sa : desired.sas) {
    if (!wants(sa, direction)) continue;
    if (direction == Direction::inbound) out.push_back(&sa);
    last[sa.key_class] = &sa;
  }
  if (direction == Direction::outbound)
    for (const auto& [key_class, sa] : last) out.push_back(sa);
  return out;
}

const Address& destination(const PlaneConfig& config, Direction direction) {
  return direction == Direction::inbound ? config.in_anchor : config.out_anchor;
}

// Room for what a state may have sent after we last saw it: some ten seconds at 100,000 packets a
// second. Of a number space of 2^32 it takes little.
constexpr std::uint64_t sequence_gap = std::uint64_t{1} << 20;

}  // namespace

bool Installer::is_wanted(const Desired& desired, const InstalledState& state) const {
  const auto named = [&](const KeptSa& kept) {
    return kept.spi == state.spi && kept.outbound == (state.direction == Direction::outbound) &&
           config_.reqid + kept.key_class == state.reqid;
  };
  return std::any_of(
             desired.sas.begin(), desired.sas.end(),
             [&](const SaSpec& sa) { return sa.spi == state.spi && wants(sa, state.direction); }) ||
         std::any_of(desired.kept.begin(), desired.kept.end(), named);
}

Direction Installer::direction_of(const State& state) const {
  return state.destination == config_.out_anchor ? Direction::outbound : Direction::inbound;
}

void Installer::note_sequence(const State& state, Direction direction) {
  if (direction != Direction::outbound || state.sent == 0) return;
  auto& sent = sent_[state.spi];
  sent = std::max(sent, state.sent);
}

// first_sequence is where an outbound state that is added goes on. A receiver drops what lies
// behind its replay window, so a state that somebody deleted must not begin at 1 again under its
// key; and what was sent between our last look and the deletion is not known, unless the kernel
// told of the deletion.
Result<std::uint64_t> Installer::first_sequence(const SaSpec& sa) {
  take_events();
  const auto last = sent_.find(sa.spi);
  if (last == sent_.end()) return 0;
  const std::uint64_t first = last->second + sequence_gap;
  if (!sa.extended_sequence && first >= std::uint64_t{1} << 32)
    return fail(EOVERFLOW, describe(Direction::outbound, sa.spi),
                "its sequence numbers are used up");
  return first;
}

// forget_sequences drops what is known of SPIs no longer named, so that months of rekeys leave
// nothing behind.
void Installer::forget_sequences(const Desired& desired) {
  if (sent_.empty()) return;
  std::erase_if(sent_, [&](const auto& known) {
    return std::none_of(desired.sas.begin(), desired.sas.end(),
                        [&](const SaSpec& sa) { return sa.spi == known.first; });
  });
}

Result<void> Installer::install_states(const Desired& desired, Direction direction, Undo& undo) {
  for (const SaSpec* sa : to_add(desired, direction)) {
    const InstalledState* found = there_->find(direction, sa->spi);
    if (found != nullptr && found->usable) continue;
    // A predecessor's, under the same SPI but with other keys: of no use to anybody any more, and
    // since we do not keep keys, not put back either when a later step fails.
    if (found != nullptr)
      if (auto gone = remove_state(*found); !gone) return gone;
    if (auto added = add_state(*sa, direction, undo); !added) return added;
  }
  return {};
}

Result<void> Installer::add_state(const SaSpec& sa, Direction direction, Undo& undo) {
  Request request;
  const std::uint32_t reqid = config_.reqid + sa.key_class;
  const auto start =
      direction == Direction::outbound ? first_sequence(sa) : Result<std::uint64_t>{0};
  if (!start) return tl::unexpected{start.error()};
  xfrm::add_state(request, sa, direction, anchor_pair(), reqid, *start);
  const std::uint64_t before = wall_seconds();
  if (auto done = xfrm_.request(request, describe(direction, sa.spi)); !done) return done;
  std::uint64_t order = 1;
  for (const InstalledState& state : there_->states) order = std::max(order, state.order + 1);
  const InstalledState added{sa.spi, direction, reqid,          order,
                             true,   before,    wall_seconds(), sa.lifetime_seconds};
  there_->states.push_back(added);
  undo.push([this, added] { return remove_state(added); });
  return {};
}

// remove_state: one that is gone already, expired for instance, is no error.
Result<void> Installer::remove_state(const InstalledState& gone) {
  const auto state = gone;  // `gone` may be an element of what is erased below
  Request request;
  delete_state(request, state.spi, destination(config_, state.direction));
  auto done = xfrm_.request(request, describe(state.direction, state.spi));
  if (!done && done.error().code != ESRCH) return done;
  std::erase_if(there_->states, [&](const InstalledState& other) {
    return other.direction == state.direction && other.spi == state.spi;
  });
  return {};
}

void Installer::remove_stale(const Desired& desired) {
  // Outbound states that were added after the one to be used would be preferred to it; so would
  // those that only seem to be, because the clock was set back in between.
  std::map<std::uint32_t, const InstalledState*> used;  // by reqid
  for (const auto& [key_class, spi] : used_outbound(desired))
    if (const auto* state = there_->find(Direction::outbound, spi)) used[state->reqid] = state;
  std::vector<InstalledState> stale;
  for (const Direction direction : {Direction::outbound, Direction::inbound})
    for (const InstalledState& state : there_->states) {
      if (state.direction != direction) continue;
      const auto at = used.find(state.reqid);
      const bool in_the_way =
          direction == Direction::outbound && at != used.end() &&
          (state.order > at->second->order || state.added_from > at->second->added_to);
      if (in_the_way || !state.usable || !is_wanted(desired, state)) stale.push_back(state);
    }
  for (const InstalledState& state : stale)
    if (state.direction == Direction::outbound)
      if (auto gone = remove_state(state); !gone) leave(std::move(gone.error()));
  remove_policies(removals_);
  removals_ = {};
  for (const InstalledState& state : stale)
    if (state.direction == Direction::inbound)
      if (auto gone = remove_state(state); !gone) leave(std::move(gone.error()));
  remove_stale_spis(desired);
  remove_stale_indices();
}

}  // namespace xfrm
