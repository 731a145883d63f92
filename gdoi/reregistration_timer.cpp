// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/reregistration_timer.h"

namespace gdoi {
namespace {

// A policy without any key says nothing about when to ask again.
constexpr seconds lifetime_without_keys{3600};

seconds lifetime(Instant from, Instant to) { return std::chrono::floor<seconds>(to - from); }

}  // namespace

void ReregistrationTimer::remove_teks(const Deletes& deletes) {
  teks_.remove([&](Spi spi) { return deletes.names_tek(spi); });
}

bool ReregistrationTimer::teks_ended(Instant now) const {
  const auto ends = teks_.ends();
  return ends && *ends <= now;
}

void ReregistrationTimer::rearm_kek_timer(std::optional<Instant> kek_ends, Instant received_at) {
  if (!kek_ends) {
    kek_deadline_.reset();
    return;
  }
  if (kek_deadline_ && kek_deadline_->kek_ends == *kek_ends) return;
  const Instant first = std::min(*kek_ends, teks_.ends().value_or(*kek_ends));
  const auto lead = reregistration_lead(timers_, lifetime(received_at, first), *random_);
  kek_deadline_ = KekDeadline{*kek_ends, *kek_ends - lead};
}

Instant ReregistrationTimer::next(Instant received_at, Instant now) {
  const auto teks_end = teks_.ends();
  std::optional<Instant> due;
  if (teks_end || !kek_deadline_) {
    const Instant ends = teks_end.value_or(received_at + lifetime_without_keys);
    due = ends - reregistration_lead(timers_, lifetime(received_at, ends), *random_);
  }
  if (kek_deadline_) due = std::min(due.value_or(kek_deadline_->due), kek_deadline_->due);
  constexpr seconds least{1};  // a key server with lifetimes of seconds must not make us spin
  return std::max(now + least, *due);
}

Instant ReregistrationTimer::after_deletion(Instant now) {
  return now + up_to(timers_.restart_jitter, *random_);
}

void ReregistrationTimer::clear() {
  teks_ = {};
  kek_deadline_.reset();
}

}  // namespace gdoi
