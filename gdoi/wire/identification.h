// SPDX-License-Identifier: GPL-2.0-or-later
// The Identification payload (RFC 2407 section 4.6.2) and the ID triple inside SAK and SAT.
#pragma once

#include <cstdint>
#include <optional>

#include "gdoi/wire/reader.h"
#include "gdoi/wire/writer.h"

namespace gdoi {

struct Identification {
  IdType type{};
  std::uint8_t protocol = 0;
  std::uint16_t port = 0;
  Bytes data;
  friend bool operator==(const Identification&, const Identification&) = default;
};

// fixed_data_size returns how long the data of an ID type is when the type says so: addresses,
// subnets and ranges.
[[nodiscard]] std::optional<std::size_t> fixed_data_size(IdType type) noexcept;

// parse_identification reads the body of an ID payload; fixed-size types must have their size.
[[nodiscard]] Result<Identification> parse_identification(View body);
[[nodiscard]] Bytes encode_identification(const Identification& id);

// identification_of names an address (ID_IPV4_ADDR or ID_IPV6_ADDR).
[[nodiscard]] Identification identification_of(const Address& address, std::uint8_t protocol,
                                               std::uint16_t port);

// identification_of names a group as message 1 of GROUPKEY-PULL does (RFC 6407 section 5.1):
// ID_KEY_ID with four octets, or ID_IPV4_ADDR.
[[nodiscard]] Identification identification_of(const GroupId& group);

}  // namespace gdoi
