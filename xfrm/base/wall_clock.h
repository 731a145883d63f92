// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <ctime>

namespace xfrm {

// wall_seconds is the clock the kernel dates states by.
[[nodiscard]] inline std::uint64_t wall_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &now);
  return static_cast<std::uint64_t>(now.tv_sec);
}

}  // namespace xfrm
