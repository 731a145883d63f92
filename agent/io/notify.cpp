// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/notify.h"

#include <systemd/sd-daemon.h>

namespace agent {

Notify::Notify() {
  std::uint64_t microseconds = 0;
  if (::sd_watchdog_enabled(0, &microseconds) <= 0) return;
  pet_every_ =
      std::chrono::duration_cast<milliseconds>(std::chrono::microseconds{microseconds / 2});
  pet_at_ = boot_time();
}

void Notify::ready() { ::sd_notify(0, "READY=1"); }

void Notify::stopping() { ::sd_notify(0, "STOPPING=1"); }

void Notify::status(const std::string& line) {
  if (line == last_) return;
  last_ = line;
  ::sd_notify(0, ("STATUS=" + line).c_str());
}

void Notify::wake(Instant now) {
  if (!pet_at_ || now < *pet_at_) return;
  ::sd_notify(0, "WATCHDOG=1");
  pet_at_ = now + *pet_every_;
}

}  // namespace agent
