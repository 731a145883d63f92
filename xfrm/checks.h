// SPDX-License-Identifier: GPL-2.0-or-later
// What can be refused without asking the kernel, in words.
#pragma once

#include "xfrm/plane.h"

namespace xfrm {

[[nodiscard]] Result<void> check(const PlaneConfig& config);
[[nodiscard]] Result<void> check(const Desired& desired);

}  // namespace xfrm
