// SPDX-License-Identifier: GPL-2.0-or-later
// The largest segment (RFC 9293 section 3.7.1) of TCP connections that are encrypted.
#pragma once

#include <cstdint>

#include "xfrm/nft/nft_objects.h"

namespace xfrm {

// segment_size is what a WAN with this MTU leaves room for under the largest ESP overhead.
[[nodiscard]] std::uint16_t segment_size(Family family, std::uint32_t mtu);

// clamp lowers it to `size` in what the rule matches and begins a connection. The kernel leaves a
// smaller one, and a segment without the option, as it is.
[[nodiscard]] nft::Rule clamp(nft::Expressions rule, std::uint16_t size);

}  // namespace xfrm
