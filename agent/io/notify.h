// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

#include "agent/base/clock.h"

namespace agent {

// Notify tells systemd how we are (sd_notify(3)); it does nothing when systemd did not start us.
class Notify {
 public:
  Notify();

  void ready();
  void stopping();
  // status sends a line that differs from the last one.
  void status(const std::string& line);

  // wake pings the watchdog when it is time; deadline says when that is.
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const noexcept { return ping_at_; }

 private:
  std::optional<milliseconds> watchdog_period_;  // half of what the unit's WatchdogSec allows
  std::optional<Instant> ping_at_;
  std::string last_;
};

}  // namespace agent
