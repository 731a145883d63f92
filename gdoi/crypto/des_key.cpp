// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/des_key.h"

namespace gdoi {

bool equal_des_keys(View a, View b) noexcept {
  if (a.size() != b.size()) return false;
  constexpr std::byte parity{1};
  std::byte difference{0};
  for (std::size_t i = 0; i < a.size(); ++i) difference |= (a[i] ^ b[i]) & ~parity;
  return difference == std::byte{0};
}

}  // namespace gdoi
