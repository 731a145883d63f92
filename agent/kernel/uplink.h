// SPDX-License-Identifier: GPL-2.0-or-later
// Uplink: how key servers are reached now, as the kernel's routing says.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/base/ids.h"

namespace agent {

struct Uplink {
  std::string vrf;                      // in which key servers are reached; empty: none
  std::string inside_vrf;               // the first WAN interface that is there is in; empty: none
  std::vector<std::string> interfaces;  // the WAN's
  gdoi::Address source;                 // ours, towards the first server with a route
  std::vector<std::optional<gdoi::Address>> sources;  // ours, towards each; none without a route

  friend bool operator==(const Uplink&, const Uplink&) = default;
};

// resolve_uplink asks the kernel for the route to each key server, in `vrf` unless that is empty.
// Without `interfaces` the WAN is what the first route leaves by. Fails when no route leads to any
// of them, when the only ones are this machine itself, or when none of the interfaces is there;
// the error names the last one tried.
[[nodiscard]] Result<Uplink> resolve_uplink(std::span<const gdoi::Endpoint> key_servers,
                                            const std::string& vrf,
                                            std::vector<std::string> interfaces);

// is_local tells whether an address is one of this machine's now, on any interface.
[[nodiscard]] bool is_local(const gdoi::Address& address);

}  // namespace agent
