// SPDX-License-Identifier: GPL-2.0-or-later
// From the key server's policy to the kernel's objects. Pure.
#pragma once

#include <cstdint>

#include "agent/config/config.h"
#include "agent/group/ports.h"
#include "agent/kernel/key_classes.h"
#include "xfrm/plane/plane.h"

namespace agent {

struct TranslateOptions {
  std::vector<gdoi::Endpoint> key_servers;               // whose GDOI always passes in clear
  std::vector<gdoi::TrafficSelector> exceptions;         // of the operator, always before the ACL
  std::vector<gdoi::TrafficSelector> closed_exceptions;  // those that count in closed mode only
  bool passive = false;             // send in clear all that the ACL protects, and receive both
  std::uint32_t replay_window = 0;  // packets
  ReplaySenders replay_senders = {};
  bool drop_unknown_senders = false;
  bool send_counter_modes = false;
};

// Translation borrows keys from the installation it was made of.
struct Translation {
  xfrm::Desired desired;
  KeyClasses classes;
};

// An ACL may grow by splitting ranges into prefixes, but not beyond this.
inline constexpr std::size_t max_entries = 65536;

// translate makes what the kernel shall hold: exceptions for GDOI first, then the operator's, then
// the ACL in its order, ranges split into prefixes; and the TEKs. Before all that comes what IPv6
// needs on a link, when anything of IPv6 is not bypassed; else nothing of IPv6 is in it. Fails,
// naming the ACE or the TEK, when the kernel cannot do what it asks for: nothing is left out
// without an error.
[[nodiscard]] Result<Translation> translate(const Installation& installation,
                                            const KeyClasses& previous,
                                            const TranslateOptions& options);

}  // namespace agent
