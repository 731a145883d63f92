// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <concepts>
#include <cstdint>

#include "gdoi/base/ids.h"
#include "gdoi/base/result.h"

namespace gdoi {

// Reader walks over borrowed bytes. Every read either advances and returns true, or leaves the
// reader as it was.
class Reader {
 public:
  explicit Reader(View bytes) noexcept : rest_{bytes} {}

  [[nodiscard]] bool u8(std::uint8_t& out) noexcept { return big_endian(out); }
  [[nodiscard]] bool u16(std::uint16_t& out) noexcept { return big_endian(out); }
  [[nodiscard]] bool u32(std::uint32_t& out) noexcept { return big_endian(out); }

  [[nodiscard]] bool take(std::size_t count, View& out) noexcept {
    if (count > rest_.size()) return false;
    out = rest_.first(count);
    rest_ = rest_.subspan(count);
    return true;
  }

  [[nodiscard]] bool cookie(Cookie& out) noexcept {
    View raw;
    if (!take(out.bytes.size(), raw)) return false;
    std::copy(raw.begin(), raw.end(), out.bytes.begin());
    return true;
  }

  [[nodiscard]] bool empty() const noexcept { return rest_.empty(); }
  [[nodiscard]] View rest() const noexcept { return rest_; }

 private:
  template <std::unsigned_integral T>
  bool big_endian(T& out) noexcept {
    View raw;
    if (!take(sizeof(T), raw)) return false;
    std::uint64_t value = 0;
    for (const std::byte b : raw) value = value << 8 | std::to_integer<std::uint64_t>(b);
    out = static_cast<T>(value);
    return true;
  }

  View rest_;
};

}  // namespace gdoi
