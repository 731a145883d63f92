// SPDX-License-Identifier: GPL-2.0-or-later
// Key servers as the operator names them: by address, or by DNS name.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "gdoi/base/ids.h"

namespace agent {

inline constexpr std::size_t max_key_servers = 8;            // of the configuration
inline constexpr std::size_t max_key_server_addresses = 32;  // of all of them together
inline constexpr std::size_t max_addresses_of_name = 16;

// KeyServer is the endpoint of a key server, and the DNS name by which the operator gave it; empty:
// by address. In the configuration one with a name has the unspecified address; where it was
// resolved, there is one for each of its addresses.
struct KeyServer : gdoi::Endpoint {
  std::string name{};
  friend bool operator==(const KeyServer&, const KeyServer&) = default;
};

// any_by_name tells whether some of them are given by name.
[[nodiscard]] bool any_by_name(std::span<const KeyServer> key_servers);

// parse_key_server takes ADDRESS[:PORT], [IPV6][:PORT] or NAME[:PORT].
[[nodiscard]] Result<KeyServer> parse_key_server(std::string_view text);
// key_server_text writes one so: "10.0.0.5:848", "[2001:db8::5]:848", "ks1.example.net:848".
[[nodiscard]] std::string key_server_text(const KeyServer& key_server);

// parse_host_name takes a DNS name (RFC 1123 section 2.1) and makes it lower case, without the dot
// that may end it. What looks like an address is none.
[[nodiscard]] Result<std::string> parse_host_name(std::string_view text);

}  // namespace agent
