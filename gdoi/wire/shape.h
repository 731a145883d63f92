// SPDX-License-Identifier: GPL-2.0-or-later
// Which payloads each message must and may carry. Checked before anything is read from them.
#pragma once

#include <cstdint>

#include "gdoi/wire/payload.h"

namespace gdoi {

struct PayloadRule {
  PayloadType type;
  std::uint8_t min, max;
};

// check_shape counts `found` against `rules`. Vendor IDs and notifications that a rule table does
// not name are tolerated, as RFC 2408 section 5 lets any message carry them; any other payload
// without a rule is refused.
[[nodiscard]] Result<void> check_shape(const Chain& found, std::span<const PayloadRule> rules);

}  // namespace gdoi
