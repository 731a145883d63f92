// SPDX-License-Identifier: GPL-2.0-or-later
// EventFilter: which of the kernel's notifications may concern a plane.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <string>
#include <vector>

#include "xfrm/ipsec/policy_codec.h"

namespace xfrm {

// EventFilter is what a plane is known by in notifications.
struct EventFilter {
  PolicyScope scope;
  std::string table;
  std::vector<std::string> interfaces;
  std::vector<int> indices;
  std::vector<std::uint32_t> own_ports;  // senders whose changes are our own
  Prefix pool = {};                      // of the anchors of senders
};

// These tell whether one notification concerns the plane, whoever sent it. Pure.
[[nodiscard]] bool xfrm_event_concerns(const nlmsghdr& message, const EventFilter& filter);
[[nodiscard]] bool rules_event_concerns(const nlmsghdr& message, const EventFilter& filter);
[[nodiscard]] bool route_event_concerns(const nlmsghdr& message, const EventFilter& filter);

}  // namespace xfrm
