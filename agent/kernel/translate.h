// SPDX-License-Identifier: GPL-2.0-or-later
// From the key server's words to the kernel's. Pure: policy in, objects out.
#pragma once

#include <cstdint>

#include "agent/group/ports.h"
#include "agent/kernel/key_classes.h"
#include "xfrm/plane/plane.h"

namespace agent {

struct TranslateOptions {
  std::vector<gdoi::Endpoint> key_servers;               // whose GDOI is never caught by the list
  std::vector<gdoi::TrafficSelector> exceptions;         // of the operator, always before the list
  std::vector<gdoi::TrafficSelector> closed_exceptions;  // those that count in closed mode only
  bool passive = false;             // send in clear all that the list protects, and receive both
  std::uint32_t replay_window = 0;  // packets
  bool send_counter_modes = false;
};

// Translation borrows keys from the installation it was made of.
struct Translation {
  xfrm::Desired desired;
  KeyClasses classes;
};

// A list may grow by splitting ranges into prefixes, but not beyond this.
inline constexpr std::size_t max_entries = 65536;

// translate makes what the kernel shall hold: exceptions for GDOI first, then the operator's, then
// the list in its order, ranges split into prefixes; and the TEKs. Before all that, when anything
// of IPv6 is caught, what IPv6 needs on a link; else nothing of IPv6 is in it. Fails, naming the
// entry or the TEK, when the kernel cannot do what it asks for: nothing is ever left out in
// silence.
[[nodiscard]] Result<Translation> translate(const Installation& installation,
                                            const KeyClasses& previous,
                                            const TranslateOptions& options);

}  // namespace agent
