// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "agent/base/result.h"

namespace agent {

// ask_daemon sends one request line to the control socket and returns the answer line.
[[nodiscard]] Result<std::string> ask_daemon(const std::string& socket, const std::string& request);

}  // namespace agent
