// SPDX-License-Identifier: GPL-2.0-or-later
// The algorithms we hand to the kernel: names, key sizes, lengths of the integrity check value.
#pragma once

#include <string_view>

#include "xfrm/base/result.h"
#include "xfrm/base/types.h"

namespace xfrm {

// check_algorithms refuses an SA whose algorithms, key lengths or ICV length do not fit together,
// in words; the kernel would say "Invalid argument". A cipher without integrity is refused too: RFC
// 4303 §2 allows it, and warns of active attacks.
[[nodiscard]] Result<void> check_algorithms(const SaSpec& sa);

}  // namespace xfrm
