// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/des_key.h"

#include <array>
#include <cstddef>

#include "tests/support/catch.h"

namespace des_key_test {

using namespace gdoi;

TEST_CASE("DES keys that differ in parity bits only are one key") {
  for (unsigned value = 0; value < 256; ++value) {
    const std::array one{std::byte{7}, static_cast<std::byte>(value)};
    const std::array other{std::byte{6}, static_cast<std::byte>(value ^ 1)};
    CHECK(equal_des_keys(one, other));
  }
}

TEST_CASE("DES keys that differ in any other bit, or in length, are not") {
  const std::array key{std::byte{0x10}, std::byte{0x20}};
  for (unsigned bit = 1; bit < 8; ++bit) {
    auto other = key;
    other[1] ^= static_cast<std::byte>(1U << bit);
    CHECK_FALSE(equal_des_keys(key, other));
  }
  CHECK_FALSE(equal_des_keys(key, View{key}.first(1)));
}

}  // namespace des_key_test
