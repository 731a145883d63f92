// SPDX-License-Identifier: GPL-2.0-or-later
// IP protocols in the words of Cisco access lists, both ways.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gdoi/base/ids.h"

namespace gdoi {

// protocol_word writes `protocol`, 0 being all: "ip", "tcp", "icmp" for that of the family, and a
// number where there is no word.
[[nodiscard]] std::string protocol_word(std::uint8_t protocol, Address::Family family);

// protocol_number reads such a word; "ipv6" and "icmpv6" are those of IPv6. Numbers are no words.
[[nodiscard]] std::optional<std::uint8_t> protocol_number(std::string_view word) noexcept;

}  // namespace gdoi
