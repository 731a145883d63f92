// SPDX-License-Identifier: GPL-2.0-or-later
// Identities as CISCO-GDOI-MIB has them: CgmGdoiIdentificationType and CgmGdoiIdentificationValue.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "agent/snmp/objects.h"

namespace agent::snmp {

struct Identification {
  std::uint32_t type = 0;
  std::string value;  // octets
};

// identification_of takes an address, or the first and last of a range: a subnet has address and
// mask, anything else both ends. Nothing: no addresses, or not of one family.
[[nodiscard]] std::optional<Identification> identification_of(std::string_view address);
[[nodiscard]] std::optional<Identification> identification_of(std::string_view first,
                                                              std::string_view last);
// group_identification takes a number (four octets) or an IPv4 address.
[[nodiscard]] std::optional<Identification> group_identification(std::string_view identity);

// index_of is how rows are named by it: type, length, octets (RFC 2578 section 7.7).
[[nodiscard]] ObjectId index_of(const Identification& id);

// octets_of reads an SPI in hexadecimal, with or without 0x.
[[nodiscard]] std::string octets_of(std::string_view hexadecimal);

}  // namespace agent::snmp
