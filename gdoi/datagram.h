// SPDX-License-Identifier: GPL-2.0-or-later
// A datagram on its way to the group members that share a port.
#pragma once

#include <cstdint>

#include "gdoi/wire/header.h"

namespace gdoi {

// Datagram is one UDP datagram as it came in, its ISAKMP header read once for all who look at it.
// It borrows the octets.
struct Datagram {
  Endpoint from;
  std::uint16_t to_port = gdoi_port;  // ours
  Result<IsakmpMessage> message;      // or why it is none

  // parse reads `octets`; those that came to port 4500 without the non-ESP marker.
  [[nodiscard]] static Datagram parse(const Endpoint& from, View octets,
                                      std::uint16_t to_port = gdoi_port) {
    return {from, to_port, parse_message(octets)};
  }
};

}  // namespace gdoi
