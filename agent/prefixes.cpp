// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/prefixes.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace agent {
namespace {

std::uint32_t to_number(const gdoi::Address& address) noexcept {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i)
    out = out << 8 | std::to_integer<std::uint32_t>(address.bytes[i]);
  return out;
}

xfrm::Prefix prefix(std::uint32_t first, int host_bits) {
  xfrm::Prefix out;
  for (std::size_t i = 0; i < 4; ++i)
    out.address.bytes[i] = static_cast<std::byte>(first >> (24 - 8 * i) & 0xff);
  out.length = static_cast<std::uint8_t>(32 - host_bits);
  return out;
}

}  // namespace

std::vector<xfrm::Prefix> cover(const gdoi::AddressRange& range) {
  assert(range.first.family == gdoi::Address::Family::ipv4 && range.first <= range.last);
  std::vector<xfrm::Prefix> out;
  std::uint64_t next = to_number(range.first);
  const std::uint64_t end = std::uint64_t{to_number(range.last)} + 1;
  while (next < end) {
    // The largest block that begins at `next` and does not go beyond the end.
    const int aligned = next == 0 ? 32 : std::countr_zero(next);
    const int fits = static_cast<int>(std::bit_width(end - next)) - 1;
    const int host_bits = std::min({aligned, fits, 32});
    out.push_back(prefix(static_cast<std::uint32_t>(next), host_bits));
    next += std::uint64_t{1} << host_bits;
  }
  return out;
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

xfrm::Address to_xfrm(const gdoi::Address& address) noexcept {
  const bool ipv4 = address.family == gdoi::Address::Family::ipv4;
  return {ipv4 ? xfrm::Family::ipv4 : xfrm::Family::ipv6, address.bytes};
}

gdoi::Address to_gdoi(const xfrm::Address& address) noexcept {
  const bool ipv4 = address.family == xfrm::Family::ipv4;
  return {ipv4 ? gdoi::Address::Family::ipv4 : gdoi::Address::Family::ipv6, address.bytes};
}

}  // namespace agent
