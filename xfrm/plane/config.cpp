// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/config.h"

namespace xfrm {

InstallerConfig config_of(const PlaneConfig& plane, Family family) {
  return {plane, family == Family::ipv4 ? plane.ipv4 : plane.ipv6};
}

std::uint32_t first_priority(const PlaneSettings& plane) {
  return first_of_all_priorities + plane.options.precedence * priorities_per_plane;
}

}  // namespace xfrm
