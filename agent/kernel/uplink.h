// SPDX-License-Identifier: GPL-2.0-or-later
// Uplink: how key servers are reached now, as the kernel's routing says.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/result.h"
#include "agent/config/config.h"
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
//
// With `choice` our address is the first one of these that is this machine's now and of the key
// server's family; a key server for which there is none counts as one without a route.
[[nodiscard]] Result<Uplink> resolve_uplink(std::span<const gdoi::Endpoint> key_servers,
                                            const std::string& vrf,
                                            std::vector<std::string> interfaces,
                                            std::span<const Source> choice = {});

// chosen_source is the address that `choice` comes to now, for key servers of that family.
[[nodiscard]] Result<gdoi::Address> chosen_source(std::span<const Source> choice,
                                                  gdoi::Address::Family family);

// is_local tells whether an address is one of this machine's now, on any interface.
[[nodiscard]] bool is_local(const gdoi::Address& address);

}  // namespace agent
