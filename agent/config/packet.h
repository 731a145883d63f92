// SPDX-License-Identifier: GPL-2.0-or-later
// One packet as an operator describes it, to be told what becomes of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "agent/base/result.h"
#include "gdoi/policy/selector.h"

namespace agent {

struct Packet {
  gdoi::Address source, destination;  // of one family
  std::uint8_t protocol = 0;          // 0: one that no list names
  // Of ICMP type and code; 0 where the protocol has none.
  std::uint16_t source_port = 0, destination_port = 0;
};

// parse_packet reads "SOURCE DESTINATION [PROTOCOL [SOURCE-PORT] DESTINATION-PORT]", a word each.
// Protocols with ports need the second one; the first is 49152 when it is left out. ICMP may have
// its type, or type and code, in their place; else it is an echo request.
[[nodiscard]] Result<Packet> parse_packet(std::span<const std::string> words);

// packet_text: "udp 10.1.0.10 port 49152 to 10.3.0.10 port 53".
[[nodiscard]] std::string packet_text(const Packet& packet);

// matches tells whether a selector is about a packet.
[[nodiscard]] bool matches(const gdoi::TrafficSelector& selector, const Packet& packet);

}  // namespace agent
