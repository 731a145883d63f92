// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "gdoi/base/result.h"

namespace agent {

using gdoi::Instant;
using gdoi::milliseconds;
using gdoi::seconds;

// boot_time reads CLOCK_BOOTTIME: it never steps and goes on while the machine sleeps, as the
// lifetimes of keys do. std::chrono::steady_clock::now() stops during suspend and is not used.
[[nodiscard]] Instant boot_time() noexcept;

// whole_seconds_until rounds up, and is 0 when `when` has passed.
[[nodiscard]] seconds whole_seconds_until(Instant when, Instant now) noexcept;

}  // namespace agent
