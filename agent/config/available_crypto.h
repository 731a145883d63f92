// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/config/daemon_config.h"

namespace agent {

// leave_available takes what libcrypto does not give on this machine (FIPS, openssl.cnf) out of
// what each group offers to key servers and accepts from them, and returns what that was: "md5",
// "3des". Fails where nothing is left to offer, or what every exchange needs is missing.
[[nodiscard]] Result<std::vector<std::string>> leave_available(DaemonConfig& config);

}  // namespace agent
