// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <span>
#include <vector>

namespace agent {

// Recipient is what a group has to do with a datagram that came in.
struct Recipient {
  bool in_domain = false;       // it speaks in the VRF where the datagram came in
  bool owns = false;            // the datagram's cookies are of an exchange or a KEK of its own
  bool has_key_server = false;  // the sender is one of its key servers
};

// route says which groups a datagram is given to, by their numbers. By cookies first, since groups
// may well have one key server. What nobody knows goes to the only group it can be meant for, which
// refuses and counts it; nothing when there is none such, or more than one.
[[nodiscard]] std::vector<std::size_t> route(std::span<const Recipient> groups);

}  // namespace agent
