// SPDX-License-Identifier: GPL-2.0-or-later
// Data attributes (RFC 2408 section 3.3), used by transforms, SAK, SAT, GAP and key packets.
#pragma once

#include <cstdint>
#include <optional>

#include "gdoi/wire/reader.h"
#include "gdoi/wire/writer.h"

namespace gdoi {

struct Attribute {
  std::uint16_t type = 0;  // without the AF bit
  bool basic = false;      // TV (two-octet value) as opposed to TLV
  View value;              // two octets when basic

  // number reads the value as an unsigned number of at most four octets (leading zeros not
  // counted), whatever the form: peers send lifetimes both ways. number16: of at most two.
  [[nodiscard]] std::optional<std::uint32_t> number() const noexcept;
  [[nodiscard]] std::optional<std::uint16_t> number16() const noexcept;
};

// SeenTypes remembers the attribute types that came, so that contradictions are noticed.
class SeenTypes {
 public:
  // first tells whether `type` comes for the first time. Types from 32 on are ours never to
  // understand, and may repeat.
  [[nodiscard]] bool first(std::uint16_t type) noexcept {
    if (type >= 32) return true;
    const std::uint32_t bit = std::uint32_t{1} << type;
    const bool fresh = (mask_ & bit) == 0;
    mask_ |= bit;
    return fresh;
  }
  [[nodiscard]] bool has(std::uint16_t type) const noexcept {
    return type < 32 && (mask_ >> type & 1) != 0;
  }

 private:
  std::uint32_t mask_ = 0;
};

// count_up counts what was ignored; it stays at the top rather than begin again.
inline void count_up(std::uint16_t& counter) noexcept {
  if (counter < std::numeric_limits<std::uint16_t>::max()) ++counter;
}

// parse_attributes reads attributes to the end of `octets`.
[[nodiscard]] Result<std::vector<Attribute>> parse_attributes(View octets);

void put_basic(Writer& out, std::uint16_t type, std::uint16_t value);
void put_variable(Writer& out, std::uint16_t type, View value);

}  // namespace gdoi
