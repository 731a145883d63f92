// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>

#include "agent/config/key_server.h"
#include "agent/doctor/diagnosis.h"

namespace agent {

// examine_key_server sends an empty datagram to a key server with an address, from a port of its
// own, and waits a second for an ICMP error, which a connected socket is told of. That none comes
// is no proof of a key server, only that nothing said there is none. `vrf` empty: none.
[[nodiscard]] Diagnosis examine_key_server(const KeyServer& server, const std::string& vrf);

// refusal_of words an error of such a socket. Pure.
[[nodiscard]] Diagnosis refusal_of(const std::string& subject, int error);

}  // namespace agent
