// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <algorithm>
#include <initializer_list>
#include <optional>

#include "agent/base/clock.h"

namespace agent {

// earliest is the first of the instants that are there; nothing when none is.
[[nodiscard]] inline std::optional<Instant> earliest(
    std::initializer_list<std::optional<Instant>> instants) noexcept {
  std::optional<Instant> out;
  for (const auto& one : instants)
    if (one) out = std::min(out.value_or(*one), *one);
  return out;
}

}  // namespace agent
