// SPDX-License-Identifier: GPL-2.0-or-later
// ReregistrationTimer: when to register again, by the lifetimes of the keys that are held.
#pragma once

#include "gdoi/assemble/tek_lifetimes.h"
#include "gdoi/push/deletes.h"
#include "gdoi/schedule.h"

namespace gdoi {

// ReregistrationTimer keeps when the TEKs of the policy in force end, and when to register for want
// of a new KEK. It does not say what state the member is in.
class ReregistrationTimer {
 public:
  // `random` must outlive the timer.
  ReregistrationTimer(const Timers& timers, Random& random) : timers_{timers}, random_{&random} {}

  // set_teks replaces the TEKs by those of a new policy; remove_teks takes out what was deleted.
  void set_teks(TekLifetimes lifetimes) { teks_ = std::move(lifetimes); }
  void remove_teks(const Deletes& deletes);
  // teks_end is when the first permitted selector has no TEK left; nothing: none needs one.
  [[nodiscard]] std::optional<Instant> teks_end() const { return teks_.ends(); }
  [[nodiscard]] bool teks_ended(Instant now) const;

  // rearm_kek_timer draws when to register for want of a new KEK if the newest one ends at another
  // time than before: it is drawn once for each KEK, whatever rekeys come meanwhile. Nothing: there
  // is no KEK. `received_at` is when it came.
  void rearm_kek_timer(std::optional<Instant> kek_ends, Instant received_at);

  // next draws the time of the next registration, some time before the first of TEKs and KEK ends.
  // `received_at` is when the policy came; at least a second after `now`.
  [[nodiscard]] Instant next(Instant received_at, Instant now);
  // after_deletion is for a rekey that took the keys away. It makes the whole group come back: not
  // all at once.
  [[nodiscard]] Instant after_deletion(Instant now);

  void clear();

 private:
  struct KekDeadline {
    Instant kek_ends, due;
  };

  Timers timers_;
  Random* random_;
  TekLifetimes teks_;
  std::optional<KekDeadline> kek_deadline_;
};

}  // namespace gdoi
