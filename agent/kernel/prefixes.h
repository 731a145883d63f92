// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "gdoi/policy/selector.h"
#include "xfrm/base/types.h"

namespace agent {

// cover splits a range into the fewest prefixes that together are exactly it, in ascending order;
// at most 62 of IPv4, 254 of IPv6. A precondition: first <= last.
[[nodiscard]] std::vector<xfrm::Prefix> cover(const gdoi::AddressRange& range);

// PortBlock is the ports that agree with `port` in the bits of `mask`; a port of 0 is any.
struct PortBlock {
  std::uint16_t port = 0, mask = 0xffff;
  friend bool operator==(const PortBlock&, const PortBlock&) = default;
};
// cover_ports splits the ports of `end` into the fewest blocks, in ascending order; at most 30.
[[nodiscard]] std::vector<PortBlock> cover_ports(const gdoi::TrafficEnd& end);

}  // namespace agent
