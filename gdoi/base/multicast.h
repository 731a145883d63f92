// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "gdoi/base/ids.h"

namespace gdoi {

// is_multicast tells whether an address is a group's of hosts: 224.0.0.0/4 or ff00::/8.
[[nodiscard]] inline bool is_multicast(const Address& address) noexcept {
  const auto first = std::to_integer<unsigned>(address.bytes[0]);
  return address.family == Address::Family::ipv4 ? first >> 4 == 0xe : first == 0xff;
}

}  // namespace gdoi
