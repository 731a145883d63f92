// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/prefixes.h"

#include <algorithm>
#include <bit>
#include <cassert>

#include "agent/base/address.h"

namespace agent {
namespace {

// zeros_at_end counts the zero bits behind the last one.
std::size_t zeros_at_end(const gdoi::Address& address) noexcept {
  std::size_t out = 0;
  for (std::size_t i = address.size(); i-- > 0; out += 8) {
    const auto octet = std::to_integer<unsigned>(address.bytes[i]);
    if (octet != 0) return out + static_cast<std::size_t>(std::countr_zero(octet));
  }
  return out;
}

// bits_from_difference counts the bits from the first in which they differ.
std::size_t bits_from_difference(const gdoi::Address& a, const gdoi::Address& b) noexcept {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (const auto both = std::to_integer<unsigned>(a.bytes[i] ^ b.bytes[i]); both != 0)
      return (a.size() - 1 - i) * 8 + static_cast<std::size_t>(std::bit_width(both));
  return 0;
}

}  // namespace

std::vector<xfrm::Prefix> cover(const gdoi::AddressRange& range) {
  assert(range.first.family == range.last.family && range.first <= range.last);
  std::vector<xfrm::Prefix> out;
  for (gdoi::Address next = range.first;;) {
    // The largest block that begins at `next` and does not go beyond the end.
    std::size_t host_bits = std::min(zeros_at_end(next), bits_from_difference(next, range.last));
    while (last_of(next, host_bits) > range.last) --host_bits;
    out.push_back({to_xfrm(next), static_cast<std::uint8_t>(next.size() * 8 - host_bits)});
    const auto last = last_of(next, host_bits);
    if (last == range.last) return out;
    next = next_of(last);
  }
}

std::vector<PortBlock> cover_ports(const gdoi::TrafficEnd& end) {
  if (end.last_port == 0) return {{end.port, 0xffff}};
  assert(end.port != 0 && end.port <= end.last_port);
  std::vector<PortBlock> out;
  for (std::uint32_t next = end.port; next <= end.last_port;) {
    const int fits = static_cast<int>(std::bit_width(end.last_port + 1U - next)) - 1;
    const std::uint32_t size = 1U << std::min(std::countr_zero(next), fits);
    out.push_back({static_cast<std::uint16_t>(next), static_cast<std::uint16_t>(~(size - 1))});
    next += size;
  }
  return out;
}

}  // namespace agent
