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

  // wake pets the watchdog when it is time; deadline says when that is.
  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const noexcept { return pet_at_; }

 private:
  std::optional<milliseconds> pet_every_;  // half of what the unit's WatchdogSec allows
  std::optional<Instant> pet_at_;
  std::string last_;
};

}  // namespace agent
