// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/base/result.h"
#include "xfrm/base/result.h"

namespace agent {

// from_kernel makes an error of the agent's of one of xfrm's, in its words.
[[nodiscard]] inline Error from_kernel(const xfrm::Error& error) { return Error{error.message()}; }

}  // namespace agent
