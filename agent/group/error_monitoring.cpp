// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/error_monitoring.h"

#include "agent/base/timers.h"

namespace agent {

void ErrorMonitoring::configure(const RecoveryOptions& options) {
  spis.configure(options);
  keks.configure(options);
  one_way.configure(options);
}

std::optional<Instant> ErrorMonitoring::deadline() const {
  return earliest({spis.deadline(), keks.deadline(), one_way.deadline()});
}

void ErrorMonitoring::skip(Instant now) {
  spis.skip(now);
  keks.skip();
  one_way.skip(now);
}

void ErrorMonitoring::forget() {
  spis.forget();
  keks.forget();
}

ErrorMonitoring::Status ErrorMonitoring::status(Instant now) const {
  return {spis.status(now), keks.status(now), one_way.status(now)};
}

}  // namespace agent
