// SPDX-License-Identifier: GPL-2.0-or-later
// Settings that name octets: what attributes of a SAT mean, vendor IDs, signing keys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "agent/config/config.h"
#include "gdoi/member_config.h"

namespace agent {

// octets_of_hex reads pairs of hexadecimal digits, at least one; digits_of writes them.
[[nodiscard]] std::optional<gdoi::Bytes> octets_of_hex(std::string_view digits);
[[nodiscard]] std::string digits_of(gdoi::View octets);

// "NUMBER[:HEX] deny|ignore": a SAT's attribute, with this value or any, and what it means.
[[nodiscard]] Result<gdoi::AttributeRule> parse_sat_attribute(std::string_view text);
[[nodiscard]] std::string sat_attribute_text(const gdoi::AttributeRule& rule);

// A vendor ID is 4 to 64 octets; digits_of writes it.
[[nodiscard]] Result<gdoi::Bytes> parse_vendor_id(std::string_view text);

// add_rekey_key takes "any", "first" or "sha256:HEX", the last one up to eight times.
[[nodiscard]] Result<void> add_rekey_key(RekeyKeys& keys, std::string_view text);
// rekey_key_text writes a digest as "sha256:HEX".
[[nodiscard]] std::string rekey_key_text(gdoi::View digest);

}  // namespace agent
