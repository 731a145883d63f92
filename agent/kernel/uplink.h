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
  std::vector<std::string> interfaces;  // the WAN's, that are to be protected
  // Those that lead to a key server or hold a default route, whether they are protected or not.
  std::vector<std::string> ways;
  gdoi::Address source;                               // ours, towards the first server with a route
  std::vector<std::optional<gdoi::Address>> sources;  // ours, towards each; none without a route

  friend bool operator==(const Uplink&, const Uplink&) = default;
};

// WanChoice is what the configuration says of the WAN, and what is known of it.
struct WanChoice {
  std::string vrf;  // in which key servers are reached; empty: none
  // Names, or the beginnings of names before a '*'. Empty: all interfaces that lead to a key server
  // or hold a default route.
  std::vector<std::string> interfaces;
  std::vector<std::string> defaults;  // the interfaces of default routes
  // Interfaces that were protected before. They stay so while they exist, wherever routes lead now.
  std::vector<std::string> before;
  // Our address is the first of these that is this machine's now and of the key server's family; a
  // key server for which there is none counts as one without a route. Empty: as routing says.
  std::vector<Source> sources;
};

// resolve_uplink asks the kernel for the route to each key server, all with an address. Fails when
// no route leads to any of them, when the only ones are this machine itself, or when none of the
// interfaces is there; the error names the last one tried.
[[nodiscard]] Result<Uplink> resolve_uplink(std::span<const KeyServer> key_servers,
                                            const WanChoice& choice);

// current_uplink is that of a configuration, whose key servers all have an address, as if the
// member began here and now.
[[nodiscard]] Result<Uplink> current_uplink(const GroupConfig& config);

// present_interfaces are those that the choice names; one that is not there yet as well, but for a
// beginning.
[[nodiscard]] Result<std::vector<std::string>> present_interfaces(
    std::span<const std::string> chosen);

// default_interfaces are those of all default routes of both families, in `vrf` unless that is
// empty.
[[nodiscard]] Result<std::vector<std::string>> default_interfaces(const std::string& vrf);

// beginnings are those of `interfaces` that end in '*', without it.
[[nodiscard]] std::vector<std::string> beginnings(std::span<const std::string> interfaces);

// advice says what is wrong with the choice of interfaces, and what to do; empty: nothing.
[[nodiscard]] std::string advice(const Uplink& uplink);

// chosen_source is the address that `choice` comes to now, for key servers of that family.
[[nodiscard]] Result<gdoi::Address> chosen_source(std::span<const Source> choice,
                                                  gdoi::Address::Family family);

// is_local tells whether an address is one of this machine's now, on any interface.
[[nodiscard]] bool is_local(const gdoi::Address& address);

}  // namespace agent
