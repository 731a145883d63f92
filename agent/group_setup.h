// SPDX-License-Identifier: GPL-2.0-or-later
// From what the operator wants of a group, and how its key servers are reached now, to what its
// protocol and its session run by. Pure.
#pragma once

#include <span>
#include <vector>

#include "agent/config/daemon_config.h"
#include "agent/group/group_session.h"
#include "agent/kernel/uplink.h"

namespace agent {

// What a group instance runs by.
struct GroupSetup {
  ConfiguredGroup group;
  Credentials credentials;
};

// In what follows `key_servers` are those with an address, as the uplink was resolved for them.

// source_towards is our address as a key server knows it. One that is not in our list, but speaks
// for the group, is answered from any of its family.
[[nodiscard]] gdoi::Address source_towards(const gdoi::Address& key_server,
                                           std::span<const KeyServer> key_servers,
                                           const Uplink& uplink);

// asked_key_servers are those that the member is to ask: of a name, only addresses to which a route
// leads.
[[nodiscard]] std::vector<gdoi::KeyServer> asked_key_servers(const GroupSetup& setup,
                                                             std::span<const KeyServer> key_servers,
                                                             const Uplink& uplink);

[[nodiscard]] gdoi::MemberConfig member_config(const GroupSetup& setup,
                                               std::span<const KeyServer> key_servers,
                                               const Uplink& uplink);

[[nodiscard]] GroupOptions group_options(const GroupConfig& config, const Uplink& uplink);

}  // namespace agent
