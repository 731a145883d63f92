// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/base/result.h"

namespace agent {

// built_with_sanitizers: their runtime locks no memory and needs more system calls.
#ifdef GETVPN_SANITIZED
inline constexpr bool built_with_sanitizers = true;
#else
inline constexpr bool built_with_sanitizers = false;
#endif

// limit_system_calls has the kernel refuse (EPERM) every system call that a daemon once started has
// no use for: it cannot start programs or processes, trace others, load code into the kernel, mount
// or change who it is. PR_SET_NO_NEW_PRIVS must be set before. Without effect in a build with
// sanitizers.
[[nodiscard]] Result<void> limit_system_calls();

}  // namespace agent
