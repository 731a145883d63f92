// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>

#include "gdoi/base/ids.h"
#include "xfrm/base/types.h"

namespace agent {

// parse_ipv4 reads four decimal octets with dots, nothing else.
[[nodiscard]] std::optional<gdoi::Address> parse_ipv4(std::string_view text);

// parse_ipv6 reads an IPv6 address, without brackets and zone.
[[nodiscard]] std::optional<gdoi::Address> parse_ipv6(std::string_view text);

// parse_address reads either.
[[nodiscard]] std::optional<gdoi::Address> parse_address(std::string_view text);

[[nodiscard]] std::string to_string(const gdoi::Address& address);
[[nodiscard]] std::string to_string(const gdoi::Endpoint& endpoint);  // "10.0.0.5/848", as Cisco

// is_unicast tells whether an address can be one host's, wherever it is asked from: not 0/8, 127/8,
// multicast, class E; not ::, ::1, IPv4-mapped, link-local, multicast.
[[nodiscard]] bool is_unicast(const gdoi::Address& address) noexcept;

// last_of is the last address of the block of 2^host_bits that begins at `first`.
[[nodiscard]] gdoi::Address last_of(gdoi::Address first, std::size_t host_bits) noexcept;
// next_of is the address behind this one; behind the last of all comes the first.
[[nodiscard]] gdoi::Address next_of(gdoi::Address address) noexcept;

// SocketAddress is an endpoint in the kernel's form.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);  // of what is used of it

  [[nodiscard]] sockaddr* get() noexcept { return reinterpret_cast<sockaddr*>(&storage); }
  [[nodiscard]] const sockaddr* get() const noexcept {
    return reinterpret_cast<const sockaddr*>(&storage);
  }
};
[[nodiscard]] SocketAddress to_sockaddr(const gdoi::Endpoint& endpoint) noexcept;
[[nodiscard]] gdoi::Endpoint to_endpoint(const SocketAddress& address) noexcept;

// kernel_family is AF_INET or AF_INET6.
[[nodiscard]] int kernel_family(gdoi::Address::Family family) noexcept;

// The same address in the other library's type.
[[nodiscard]] xfrm::Address to_xfrm(const gdoi::Address& address) noexcept;
[[nodiscard]] gdoi::Address to_gdoi(const xfrm::Address& address) noexcept;

}  // namespace agent
