// SPDX-License-Identifier: GPL-2.0-or-later
// What travels on UDP port 4500 (RFC 3948): IKE behind four zero octets, ESP without them, and
// single octets that keep a NAT's mapping alive.
#pragma once

#include <optional>

#include "gdoi/base/result.h"

namespace agent {

// nat_keep_alive is the datagram that keeps a mapping alive (RFC 3948 section 2.3).
[[nodiscard]] gdoi::View nat_keep_alive() noexcept;

// framed puts the non-ESP marker before an IKE message; a keepalive stays as it is.
[[nodiscard]] gdoi::Bytes framed(gdoi::View datagram);

// unframed is the IKE message in a datagram; nothing for a keepalive, for ESP and for scraps.
[[nodiscard]] std::optional<gdoi::View> unframed(gdoi::View datagram) noexcept;

}  // namespace agent
