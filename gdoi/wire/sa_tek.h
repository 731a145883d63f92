// SPDX-License-Identifier: GPL-2.0-or-later
// The SA TEK payload, SAT (RFC 6407 section 5.5): what traffic is protected, and how.
#pragma once

#include <cstdint>
#include <optional>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/esp_policy.h"
#include "gdoi/wire/reader.h"

namespace gdoi {

inline constexpr std::uint8_t gdoi_protocol_esp = 1;  // RFC 6407 section 5.5

// SaTek is one SAT, read but not yet judged together with the others.
struct SaTek {
  std::vector<TrafficSelector> selectors;  // more than one for masks with holes
  Spi spi;
  TekPolicy policy;
  std::vector<UnknownAttribute> unknown{};  // in order
  std::uint16_t number = 0;                 // of the SAT in its SA, counted from 1; 0: in none
};

// parse_sa_tek reads the body of a SAT with one-octet ID lengths, then with two, as a whole: both
// readings practically never succeed together. nullopt: a security protocol other than ESP, which
// the caller skips and counts (AH is refused by the caller with a reason of its own).
[[nodiscard]] Result<std::optional<SaTek>> parse_sa_tek(View body);

}  // namespace gdoi
