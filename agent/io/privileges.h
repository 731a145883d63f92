// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/base/result.h"

namespace agent {

// require_capabilities fails, naming them, when capabilities the daemon needs are missing.
[[nodiscard]] Result<void> require_capabilities();

// shed_privileges keeps CAP_NET_ADMIN, which each change of the kernel needs, and gives up all
// other capabilities for good; no program started from here could get them back; no core file or
// debugger may see our keys. Call it once the sockets are open.
[[nodiscard]] Result<void> shed_privileges();

}  // namespace agent
