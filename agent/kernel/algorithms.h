// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/base/result.h"
#include "gdoi/policy/policy.h"
#include "xfrm/base/types.h"

namespace agent {

// set_algorithms fills in the kernel's names, keys and ICV length for `tek`, borrowing its keys.
// Fails for what the kernel cannot do or what protects nothing; the error does not name the TEK.
[[nodiscard]] Result<void> set_algorithms(const gdoi::Tek& tek, xfrm::SaSpec& sa);

}  // namespace agent
