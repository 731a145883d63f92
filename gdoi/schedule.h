// SPDX-License-Identifier: GPL-2.0-or-later
// When the member tries again, and when it registers anew: instants as values.
#pragma once

#include <algorithm>

#include "gdoi/crypto/random.h"

namespace gdoi {

struct Timers {
  milliseconds first_retransmit{2000};  // doubled each time
  unsigned tries = 5;                   // sendings of one message before the attempt is given up
  milliseconds back_off_first{5000};  // pause after all key servers failed once, doubled each round
  milliseconds back_off_max{300000};  // jitter of up to a quarter is added to each pause
  // Re-register max(floor, percent) + jitter before the first of TEKs and KEK ends.
  seconds reregister_floor{60};
  unsigned reregister_percent = 5;
  unsigned reregister_jitter_percent = 2;
  // A key server that deletes keys makes all members come back at once: each waits up to this long.
  milliseconds restart_jitter{10000};
  // At most so many registrations are begun at once, and one more each time the interval is over,
  // whatever key servers do; an operator may always have one.
  unsigned registrations_at_once = 20;
  milliseconds registration_interval{10000};
  // RFC 8263 section 6: "A GM receiving a GROUPKEY-PUSH message as a multicast message MAY
  // introduce jitter [...] MUST NOT delay sending an Acknowledgement Message for more than 5
  // seconds."
  milliseconds multicast_ack_jitter{5000};
};

// BackOff hands out growing pauses.
class BackOff {
 public:
  explicit BackOff(const Timers& timers) noexcept
      : first_{timers.back_off_first}, max_{timers.back_off_max}, next_{timers.back_off_first} {}

  // next is the pause to make now; the following one is twice as long, up to the maximum. It is
  // never less than a second, whatever is configured.
  [[nodiscard]] milliseconds next(Random& random);
  void reset() noexcept { next_ = first_; }

 private:
  milliseconds first_, max_, next_;
};

// RegistrationLimit keeps how many registrations may be begun: a bucket that fills with time.
class RegistrationLimit {
 public:
  explicit RegistrationLimit(const Timers& timers) noexcept
      : most_{std::max(timers.registrations_at_once, 1u)},
        interval_{timers.registration_interval} {}

  // take uses one up. An operator's is counted, but never refused.
  [[nodiscard]] bool take(Instant now) noexcept;
  void take_for_operator(Instant now) noexcept;
  // next is when take will not fail: now, or later.
  [[nodiscard]] Instant next(Instant now) const noexcept;

 private:
  unsigned most_;
  milliseconds interval_;
  Instant free_at_ = Instant::min();  // when all that were taken have been given back
};

// up_to draws evenly from 0 to `most`, both included.
[[nodiscard]] milliseconds up_to(milliseconds most, Random& random);

// reregistration_lead is how long before the end of keys that live for `life` the member asks for
// new ones: max(floor, percent of `life`) and jitter, so that a group does not come all at once.
// Never more than half of `life`.
[[nodiscard]] milliseconds reregistration_lead(const Timers& timers, seconds life, Random& random);

}  // namespace gdoi
