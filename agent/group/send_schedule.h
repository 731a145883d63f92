// SPDX-License-Identifier: GPL-2.0-or-later
// When to send on a TEK: receive first, send later.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "agent/base/clock.h"
#include "gdoi/policy/policy.h"

namespace agent {

// SentTek is a TEK whose lines we can send until some instant: on it, or on older ones.
struct SentTek {
  gdoi::Spi spi;
  Instant until;
  friend auto operator<=>(const SentTek&, const SentTek&) = default;
};

// The list a new policy takes over from, and the TEKs whose lines have something to be sent on.
struct Predecessor {
  std::span<const gdoi::AccessEntry> entries;
  std::vector<SentTek> sent;
};

// Members learn of a new TEK at different times. One that missed every rekey registers again at the
// latest max(60 s, 5 %) before the old TEK expires; sending changes over this long before that.
inline constexpr seconds last_moment{30};
// Members do not see a TEK end at the same instant, and the kernel drops it by its own clock: the
// last seconds of one that has a successor are not sent on, whatever the activation delay.
inline constexpr seconds last_seconds{5};

// FirstUse is when a new TEK is to be sent on, and until when older ones carry its lines.
struct FirstUse {
  Instant from;
  Instant fallback_until;
  // It waits only for others to have the TEK: as soon as one is seen to send on it, so may we. Else
  // the key server said when.
  bool until_seen = false;
};

// SendSchedule says from when to send on what is new.
class SendSchedule {
 public:
  // `next` is the policy that takes over; both must outlive this.
  SendSchedule(Predecessor before, const gdoi::GroupPolicy& next, Instant now);

  // first_use says from when to send on `fresh`, a TEK of the next policy not held so far:
  // - at once, when no live TEK that we send on served one of its lines before, and the policy has
  //   none for them that ends earlier, which is what others will be sending on. Where all lines of
  //   either list have their TEKs in common, those of the old one serve new lines as well: others
  //   who have the old list yet can read them, and none can be sent on under a TEK that they lack;
  // - the activation delay from now, when the key server gave one (RFC 6407 section 5.4.1), though
  //   no later than last_seconds before the first of its lines would be without a TEK;
  // - else last_moment before the first of its lines would be without a TEK, though not later than
  //   30 s and a tenth of its own life from now: a key server that replaced a TEK long before its
  //   end no longer gives the old one to anybody.
  [[nodiscard]] FirstUse first_use(const gdoi::Tek& fresh, const gdoi::GroupPolicy& policy) const;

 private:
  struct Served {
    const gdoi::TrafficSelector* selector;
    Instant until;
    gdoi::Spi by;
  };
  void serve_from_within(const gdoi::GroupPolicy& next);
  [[nodiscard]] std::optional<Instant> first_gap(gdoi::Spi spi,
                                                 std::span<const gdoi::AccessEntry> entries) const;

  Instant now_;
  // What serves all lines, old and new, where all lines of either list go by the same TEKs.
  std::optional<SentTek> for_all_;
  std::vector<Served> served_;  // by selector; of equal ones the longest lasting comes last
};

}  // namespace agent
