// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/config.h"

namespace xfrm {

Prefix sender_pool(std::uint32_t owner, Family family) {
  const std::uint32_t place = owner % max_planes;
  if (family == Family::ipv6) {
    Address first = discard_address(0);
    first.bytes[11] = std::byte{1};
    first.bytes[13] = static_cast<std::byte>(place);
    return {first, 117};
  }
  const std::uint32_t first = place * max_sender_anchors;
  return {{family,
           {std::byte{240}, static_cast<std::byte>(2 + (first >> 16)),
            static_cast<std::byte>(first >> 8 & 0xff), std::byte{0}}},
          21};
}

InstallerConfig config_of(const PlaneConfig& plane, Family family) {
  return {plane, family == Family::ipv4 ? plane.ipv4 : plane.ipv6};
}

std::uint32_t first_priority(const PlaneSettings& plane) {
  return first_of_all_priorities + plane.options.precedence * priorities_per_plane;
}

}  // namespace xfrm
