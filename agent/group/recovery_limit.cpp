// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/recovery_limit.h"

#include <algorithm>

namespace agent {

void RecoveryLimit::configure(std::optional<seconds> interval) {
  interval_ = interval;
  begin_at_.reset();
  pause_ = {};
}

milliseconds RecoveryLimit::longest() const {
  return std::max(longest_pause, interval_.value_or(seconds{0}));
}

void RecoveryLimit::request(Instant now, milliseconds delay, gdoi::Random& random) {
  if (!is_on()) return;
  requested_at_ = now;
  if (begin_at_) return;
  if (allowed_ && now < *allowed_) {
    if (postponed_until_ != allowed_) postponed_ += 1;
    postponed_until_ = allowed_;
    return;
  }
  begin_at_ = now + delay + gdoi::up_to(jitter_, random);
}

void RecoveryLimit::begin(Instant now) {
  begin_at_.reset();
  const auto pause = std::max<milliseconds>(pause_, interval_.value_or(seconds{0}));
  allowed_ = now + pause;
  pause_ = std::min<milliseconds>(2 * pause, longest());
  registrations_ += 1;
}

void RecoveryLimit::wake(Instant now) {
  if (requested_at_ && now >= *requested_at_ + longest()) pause_ = {};
}

RecoveryLimit::Status RecoveryLimit::status(Instant now) const {
  return {registrations_, postponed_, allowed_ && *allowed_ > now ? allowed_ : std::nullopt};
}

}  // namespace agent
