// SPDX-License-Identifier: GPL-2.0-or-later
// What IPv6 needs on a link, never protected: to find neighbours, routers and multicast listeners
// (RFC 2710, 3810, 4861). Policies and rules let the same types pass.
#pragma once

#include <array>
#include <cstdint>

namespace xfrm {

inline constexpr std::array<std::uint8_t, 9> on_link_icmpv6_types{130, 131, 132, 133, 134,
                                                                  135, 136, 137, 143};

}  // namespace xfrm
