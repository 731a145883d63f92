// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel that holds nothing and takes everything: each request is acknowledged, each list is
// empty. Linked into a program, it takes the place of the real one for xfrm::Socket, whatever that
// was opened for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>

namespace counts {

// requests counts those acknowledged so far, by their type in netlink.
[[nodiscard]] const std::map<std::uint16_t, std::size_t>& requests();

}  // namespace counts
