// SPDX-License-Identifier: GPL-2.0-or-later
// Values of the status document as Cisco's `show` commands write them.
//
// What reads those commands takes a value for one word, so each is one word: none of them may lose
// its sense when only its last word is read, as "Not Registered" would. Where Cisco writes an IPv4
// address and there is none, 0.0.0.0 stands: of "2001:db8::5" the beginning would be read. IPv6
// addresses have lines of their own, or stand where any word does.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace agent::show {

using nlohmann::json;

[[nodiscard]] std::string text(const json& value);  // "" for null
[[nodiscard]] std::string group_name(const json& status);
// address is that of an endpoint, address_and_port adds "/PORT"; the others are 0.0.0.0 for IPv6.
[[nodiscard]] std::string address(const json& endpoint);
[[nodiscard]] std::string address_and_port(const json& endpoint);
[[nodiscard]] bool is_ipv6(const std::string& address);
[[nodiscard]] std::string only_ipv4(const std::string& address);
[[nodiscard]] std::string ipv4_address(const json& endpoint);
[[nodiscard]] std::string ipv4_address_and_port(const json& endpoint);
[[nodiscard]] std::string vrf(const json& name);
[[nodiscard]] std::string inside_vrf(const json& status);
// direction is "Both", or "Inbound" where the operator or the key server wants nothing sent.
[[nodiscard]] std::string direction(const json& status);
// families writes "ipv4", "ipv6" or, of both, "ipv4_ipv6".
[[nodiscard]] std::string families(const std::string& value);
// clock_time is how long ago something was, as "hh:mm:ss".
[[nodiscard]] std::string clock_time(const json& ago);
// is_multicast tells how rekeys come; while there is no KEK, they could only come to our address.
[[nodiscard]] bool is_multicast(const json& status);

}  // namespace agent::show
