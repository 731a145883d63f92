// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/schedule.h"

#include <algorithm>
#include <array>

namespace gdoi {

milliseconds up_to(milliseconds most, Random& random) {
  std::array<std::byte, 8> drawn{};
  random.fill(drawn);
  std::uint64_t value = 0;
  for (const std::byte b : drawn) value = value << 8 | std::to_integer<std::uint64_t>(b);
  const auto choices =
      static_cast<std::uint64_t>(std::max(most.count(), decltype(most.count()){0})) + 1;
  return milliseconds{static_cast<milliseconds::rep>(value % choices)};
}

milliseconds BackOff::next(Random& random) {
  constexpr milliseconds least{1000};
  const milliseconds pause = std::max(next_, least);
  next_ = std::max(least, std::min(pause * 2, max_));
  return pause + up_to(pause / 4, random);
}

// Each that is taken moves the instant at which the bucket is full again by one interval.
bool RegistrationLimit::take(Instant now) noexcept {
  if (next(now) > now) return false;
  free_at_ = std::max(free_at_, now) + interval_;
  return true;
}

void RegistrationLimit::take_for_operator(Instant now) noexcept {
  free_at_ = std::min(std::max(free_at_, now) + interval_, now + interval_ * most_);
}

Instant RegistrationLimit::next(Instant now) const noexcept {
  const Instant full = std::max(free_at_, now);
  return std::max(now, full - interval_ * (most_ - 1));
}

milliseconds reregistration_lead(const Timers& timers, seconds life, Random& random) {
  const milliseconds whole{life};
  const milliseconds lead =
      std::max<milliseconds>(timers.reregister_floor, whole * timers.reregister_percent / 100);
  const milliseconds jitter = up_to(whole * timers.reregister_jitter_percent / 100, random);
  return std::min(lead + jitter, whole / 2);
}

}  // namespace gdoi
