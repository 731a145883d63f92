// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/clock.h"

#include <cassert>
#include <ctime>

namespace agent {

Instant boot_time() noexcept {
  timespec now{};
  const int failed = ::clock_gettime(CLOCK_BOOTTIME, &now);
  assert(failed == 0);
  return Instant{std::chrono::duration_cast<Instant::duration>(
      seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec})};
}

seconds whole_seconds_until(Instant when, Instant now) noexcept {
  if (when <= now) return seconds{0};
  return std::chrono::ceil<seconds>(when - now);
}

}  // namespace agent
