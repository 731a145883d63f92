// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <utility>

#include "agent/base/result.h"
#include "xfrm/route/route_watch.h"

namespace agent {

// WayChanges is what the kernel told of ways out of the router since the last time.
using WayChanges = xfrm::RouteWatch::Changes;

// UplinkWatch tells when another uplink may have to be looked for.
class UplinkWatch {
 public:
  [[nodiscard]] static Result<UplinkWatch> open() {
    auto watch = xfrm::RouteWatch::open();
    if (!watch) return fail(watch.error().message());
    return UplinkWatch{std::move(*watch)};
  }
  [[nodiscard]] int fd() const noexcept { return watch_.fd(); }
  [[nodiscard]] WayChanges read() { return watch_.read(); }

 private:
  explicit UplinkWatch(xfrm::RouteWatch watch) : watch_{std::move(watch)} {}

  xfrm::RouteWatch watch_;
};

}  // namespace agent
