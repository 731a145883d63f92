// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/policy.h"

#include <type_traits>

#include "tests/support/catch.h"

using namespace gdoi;

static_assert(!std::is_copy_constructible_v<GroupPolicy>);
static_assert(std::is_move_constructible_v<GroupPolicy>);

TEST_CASE("counter modes are those whose IV must never repeat") {
  for (const int id : {13, 14, 15, 16, 18, 19, 20, 23})
    CHECK(is_counter_mode(EspTransformId{static_cast<std::uint8_t>(id)}));
  for (const int id : {2, 3, 11, 12, 22})
    CHECK_FALSE(is_counter_mode(EspTransformId{static_cast<std::uint8_t>(id)}));
}

TEST_CASE("an unknown transform is taken for a counter mode, so that nobody sends with it") {
  CHECK(is_counter_mode(EspTransformId{99}));
}

TEST_CASE("a TEK is found by its SPI") {
  GroupPolicy policy;
  policy.teks.push_back(Tek{Spi{1}, {}, {}, {}});
  policy.teks.push_back(Tek{Spi{2}, {}, {}, {}});
  CHECK(policy.find(Spi{2}) == &policy.teks[1]);
  CHECK(policy.find(Spi{3}) == nullptr);
  CHECK(GroupPolicy{}.find(Spi{0}) == nullptr);
}
