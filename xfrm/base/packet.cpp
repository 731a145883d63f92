// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/base/packet.h"

#include <algorithm>

namespace xfrm {
namespace {

bool port_matches(std::uint16_t wanted, std::uint16_t mask, std::uint16_t port) {
  return wanted == 0 || ((wanted ^ port) & mask) == 0;
}

}  // namespace

bool holds(const Prefix& prefix, const Address& address) {
  if (prefix.address.family != address.family) return false;
  const std::size_t octets = prefix.length / 8, bits = prefix.length % 8;
  const auto& wanted = prefix.address.bytes;
  if (!std::equal(wanted.begin(), wanted.begin() + static_cast<std::ptrdiff_t>(octets),
                  address.bytes.begin()))
    return false;
  if (bits == 0) return true;
  const auto differing = wanted[octets] ^ address.bytes[octets];
  return (std::to_integer<unsigned>(differing) & (0xff00U >> bits)) == 0;
}

bool matches(const Selector& selector, const Packet& packet) {
  return (selector.protocol == 0 || selector.protocol == packet.protocol) &&
         holds(selector.source, packet.source) && holds(selector.destination, packet.destination) &&
         port_matches(selector.source_port, selector.source_port_mask, packet.source_port) &&
         port_matches(selector.destination_port, selector.destination_port_mask,
                      packet.destination_port);
}

}  // namespace xfrm
