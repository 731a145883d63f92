// SPDX-License-Identifier: GPL-2.0-or-later
// Addresses between our types and the kernel's.
#pragma once

// The C library's names of protocols first: the kernel's headers then leave theirs out.
#include <arpa/inet.h>
#include <linux/xfrm.h>
#include <sys/socket.h>

#include <cstdint>
#include <cstring>

#include "xfrm/base/types.h"

namespace xfrm {

[[nodiscard]] inline std::uint16_t kernel_family(Family family) {
  return family == Family::ipv4 ? AF_INET : AF_INET6;
}

[[nodiscard]] inline std::size_t address_size(Family family) {
  return family == Family::ipv4 ? 4 : 16;
}

[[nodiscard]] inline xfrm_address_t to_kernel(const Address& address) {
  xfrm_address_t out{};
  static_assert(sizeof out == sizeof address.bytes);
  std::memcpy(&out, address.bytes.data(), address_size(address.family));
  return out;
}

// from_kernel reads `family` as the kernel's AF_...; anything but AF_INET6 counts as IPv4.
[[nodiscard]] inline Address from_kernel(const xfrm_address_t& address, std::uint16_t family) {
  Address out{family == AF_INET6 ? Family::ipv6 : Family::ipv4, {}};
  std::memcpy(out.bytes.data(), &address, address_size(out.family));
  return out;
}

[[nodiscard]] inline Address any_address(Family family) { return Address{family, {}}; }

}  // namespace xfrm
