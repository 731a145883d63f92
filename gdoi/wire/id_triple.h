// SPDX-License-Identifier: GPL-2.0-or-later
// The source and destination identities inside SAK and SAT (RFC 6407 sections 5.3 and 5.5.1).
#pragma once

#include <cstdint>

#include "gdoi/policy/selector.h"
#include "gdoi/wire/reader.h"
#include "gdoi/wire/writer.h"

namespace gdoi {

// IdLength says how long the data length field is: one octet by the RFC, two in some
// implementations (Wireshark's SAT, TrustCore).
enum class IdLength : std::uint8_t { one_octet, two_octets };

struct IdTriple {
  IdType type{};
  std::uint16_t port = 0;
  View data;
};

// read_id_triple reads one triple; type and data length must agree.
[[nodiscard]] Result<IdTriple> read_id_triple(Reader& in, IdLength form);

// traffic_end turns a triple into the addresses it means. No data means any address (RFC 6407
// section 5.5.1). Fails for names, and for masks that are not contiguous.
[[nodiscard]] Result<TrafficEnd> traffic_end(const IdTriple& id);

// traffic_ends does so for masks with holes, too: each value of the bits in the holes makes a range
// of its own, in ascending order. More than max_mask_holes bits in them are refused.
inline constexpr unsigned max_mask_holes = 8;
[[nodiscard]] Result<std::vector<TrafficEnd>> traffic_ends(const IdTriple& id);

}  // namespace gdoi
