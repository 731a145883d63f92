// SPDX-License-Identifier: GPL-2.0-or-later
// What the Delete payloads of a GROUPKEY-PUSH take away (RFC 6407 section 5.9).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "gdoi/base/ids.h"
#include "gdoi/base/result.h"

namespace gdoi {

struct Deletes {
  bool all_teks = false, all_keks = false;
  std::vector<Spi> teks;
  std::vector<RekeySpi> keks;
  std::uint16_t ignored = 0;  // SPIs of protocols we have no SAs of, such as AH
  friend bool operator==(const Deletes&, const Deletes&) = default;

  [[nodiscard]] bool empty() const noexcept {
    return !all_teks && !all_keks && teks.empty() && keks.empty();
  }
  // names_kek tells whether the KEK `spi` is to go.
  [[nodiscard]] bool names_kek(const RekeySpi& spi) const noexcept;
  [[nodiscard]] bool names_tek(Spi spi) const noexcept;
};

// read_deletes reads the bodies of all D payloads of one message.
[[nodiscard]] Result<Deletes> read_deletes(std::span<const View> bodies);

}  // namespace gdoi
