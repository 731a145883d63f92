// SPDX-License-Identifier: GPL-2.0-or-later
// One packet, as far as an ACL looks at it.
#pragma once

#include <cstdint>

#include "xfrm/base/types.h"

namespace xfrm {

struct Packet {
  Address source, destination;  // of one family
  std::uint8_t protocol = 0;    // 0: one that no selector names
  // Of ICMP type and code, as in the kernel's selectors; 0 where the protocol has none.
  std::uint16_t source_port = 0, destination_port = 0;
};

// holds tells whether `address` is in `prefix`; one of the other family never is.
[[nodiscard]] bool holds(const Prefix& prefix, const Address& address);

// matches compares as the kernel does (xfrm_selector_match).
[[nodiscard]] bool matches(const Selector& selector, const Packet& packet);

}  // namespace xfrm
