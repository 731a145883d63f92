// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <netinet/in.h>

#include <optional>
#include <string>
#include <string_view>

#include "gdoi/ids.h"

namespace agent {

// parse_ipv4 reads four decimal octets with dots, nothing else.
[[nodiscard]] std::optional<gdoi::Address> parse_ipv4(std::string_view text);

// parse_ipv6 reads an IPv6 address; only used to say what is not supported.
[[nodiscard]] std::optional<gdoi::Address> parse_ipv6(std::string_view text);

[[nodiscard]] std::string to_string(const gdoi::Address& address);
[[nodiscard]] std::string to_string(const gdoi::Endpoint& endpoint);  // "10.0.0.5/848", as Cisco

// is_unicast tells whether an IPv4 address can be one host's: not 0/8, 127/8, multicast, class E.
[[nodiscard]] bool is_unicast(const gdoi::Address& address) noexcept;

[[nodiscard]] sockaddr_in to_sockaddr(const gdoi::Endpoint& endpoint) noexcept;
[[nodiscard]] gdoi::Endpoint to_endpoint(const sockaddr_in& address) noexcept;

}  // namespace agent
