// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/assemble/des_parity.h"

#include <bit>

namespace gdoi {

void set_des_parity(std::span<std::byte> key) noexcept {
  for (std::byte& octet : key) {
    const auto key_bits = std::to_integer<unsigned>(octet) & 0xfeU;
    const bool odd = std::popcount(key_bits) % 2 == 1;
    octet = static_cast<std::byte>(key_bits | (odd ? 0U : 1U));
  }
}

}  // namespace gdoi
