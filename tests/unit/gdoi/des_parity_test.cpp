// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/assemble/des_parity.h"

#include <array>
#include <bit>

#include "tests/support/catch.h"

using namespace gdoi;

TEST_CASE("DES keys that differ in parity bits only become one key of odd parity") {
  for (unsigned value = 0; value < 256; ++value) {
    std::array<std::byte, 2> pair{static_cast<std::byte>(value), static_cast<std::byte>(value ^ 1)};
    set_des_parity(pair);
    CHECK(pair[0] == pair[1]);
    CHECK(std::popcount(std::to_integer<unsigned>(pair[0])) % 2 == 1);
    CHECK((std::to_integer<unsigned>(pair[0]) ^ value) < 2);
  }
}

TEST_CASE("keys of the other bits stay apart") {
  std::array one{std::byte{0x10}}, other{std::byte{0x12}};
  set_des_parity(one);
  set_des_parity(other);
  CHECK(one != other);
}
