// SPDX-License-Identifier: GPL-2.0-or-later
// Civil time, which certificates and CRLs are valid by. Everything else runs on Instant.
#pragma once

#include <chrono>

namespace gdoi {

using WallTime = std::chrono::sys_seconds;

// WallClock tells the time of day. gdoi/ reads no clock: the owner of a member brings one, as it
// brings the source of randomness.
struct WallClock {
  virtual ~WallClock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
};

}  // namespace gdoi
