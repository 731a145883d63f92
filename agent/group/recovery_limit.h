// SPDX-License-Identifier: GPL-2.0-or-later
// RecoveryLimit: when, and how often, signs of one kind that others have other keys may have the
// member register.
//
// Strangers on the path can cause all of these signs. Therefore there are never two registrations
// for signs of one kind within the configured interval. The pause doubles with each, up to an hour
// (or the interval, when that is longer), and is back at the interval when a registration helped,
// or an hour went by without a sign. Each member waits a random time of up to `jitter` before it
// begins, for all of them may see the same.
//
// Pure: instants in, decisions out.
#pragma once

#include <cstdint>
#include <optional>

#include "agent/group/ports.h"
#include "gdoi/schedule.h"

namespace agent {

class RecoveryLimit {
 public:
  static constexpr seconds longest_pause{3600};

  // No interval: it is off, and nothing ever begins.
  RecoveryLimit(std::optional<seconds> interval, milliseconds jitter)
      : interval_{interval}, jitter_{jitter} {}
  // configure has another interval count from the next registration on.
  void configure(std::optional<seconds> interval);
  [[nodiscard]] bool is_on() const noexcept { return interval_.has_value(); }
  [[nodiscard]] const std::optional<seconds>& interval() const noexcept { return interval_; }

  // request has a registration begin after `delay` and the random time, unless one is about to, or
  // it is too early for another.
  void request(Instant now, milliseconds delay, gdoi::Random& random);
  // cancel is for when there is nothing to begin any more.
  void cancel() { begin_at_.reset(); }
  // begins_at is when the registration that was requested is due; it is to be cancelled or begun
  // then.
  [[nodiscard]] std::optional<Instant> begins_at() const noexcept { return begin_at_; }
  [[nodiscard]] bool is_due(Instant now) const { return begin_at_ && now >= *begin_at_; }
  void begin(Instant now);
  // helped says that the last one brought what it was begun for.
  void helped() { pause_ = {}; }
  // wake counts the hour without a sign.
  void wake(Instant now);

  struct Status {
    std::uint64_t registrations = 0;         // begun since start
    std::uint64_t postponed = 0;             // how often there was a reason, but one was held back
    std::optional<Instant> held_back_until;  // no further one before
  };
  [[nodiscard]] Status status(Instant now) const;

 private:
  [[nodiscard]] milliseconds longest() const;

  std::optional<seconds> interval_;
  milliseconds jitter_;
  std::optional<Instant> begin_at_;
  milliseconds pause_{0};                   // after the next one; 0: the interval
  std::optional<Instant> allowed_;          // the next one, at the earliest
  std::optional<Instant> requested_at_;     // when there was a reason last
  std::optional<Instant> postponed_until_;  // by which pause the last one was held back
  std::uint64_t registrations_ = 0, postponed_ = 0;
};

}  // namespace agent
