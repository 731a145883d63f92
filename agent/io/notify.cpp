// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/notify.h"

#include <systemd/sd-daemon.h>

namespace agent {

Notify::Notify() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
  watchdog_period_ =
      std::chrono::duration_cast<milliseconds>(std::chrono::microseconds{microseconds / 2});
  ping_at_ = boot_time();
}

void Notify::ready() { ::sd_notify(0, "READY=1"); }

void Notify::stopping() { ::sd_notify(0, "STOPPING=1"); }

void Notify::status(const std::string& line) {
  if (line == last_) return;
  last_ = line;
  ::sd_notify(0, ("STATUS=" + line).c_str());
}

void Notify::wake(Instant now) {
  if (!ping_at_ || now < *ping_at_) return;
  ::sd_notify(0, "WATCHDOG=1");
  ping_at_ = now + *watchdog_period_;
}

}  // namespace agent
