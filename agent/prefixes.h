// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <vector>

#include "gdoi/group/selector.h"
#include "xfrm/types.h"

namespace agent {

// cover splits an IPv4 range into the fewest prefixes that together are exactly it, in ascending
// order; at most 62. A precondition: first <= last.
[[nodiscard]] std::vector<xfrm::Prefix> cover(const gdoi::AddressRange& range);

[[nodiscard]] xfrm::Address to_xfrm(const gdoi::Address& address) noexcept;
[[nodiscard]] gdoi::Address to_gdoi(const xfrm::Address& address) noexcept;

}  // namespace agent
