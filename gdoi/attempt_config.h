// SPDX-License-Identifier: GPL-2.0-or-later
// How one key server is asked.
#pragma once

#include "gdoi/attempt.h"
#include "gdoi/key_server_list.h"

namespace gdoi {

// attempt_config is by the member's configuration, and by what we learned of the key server.
[[nodiscard]] Attempt::Config attempt_config(const MemberConfig& member,
                                             const KeyServerList& key_servers,
                                             std::size_t key_server);

}  // namespace gdoi
