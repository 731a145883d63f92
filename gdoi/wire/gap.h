// SPDX-License-Identifier: GPL-2.0-or-later
// The Group Associated Policy payload, GAP (RFC 6407 section 5.4).
#pragma once

#include <cstdint>
#include <optional>

#include "gdoi/wire/reader.h"

namespace gdoi {

struct GroupAssociatedPolicy {
  std::optional<seconds> activation_delay, deactivation_delay;
  std::uint16_t ignored_attributes = 0;
};

[[nodiscard]] Result<GroupAssociatedPolicy> parse_gap(View body);

}  // namespace gdoi
