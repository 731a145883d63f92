// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/policy.h"

#include <type_traits>

#include "tests/support/catch.h"

namespace policy_test {

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

TEST_CASE("TEKs have the same keys whatever the parity bits of 3DES are") {
  const auto tek = [](EspTransformId transform, unsigned octet) {
    Tek out;
    out.policy.transform = transform;
    out.cipher_key = KeyMaterial::copy_of(Bytes(24, static_cast<std::byte>(octet)));
    out.integrity_key = KeyMaterial::copy_of(Bytes(20, std::byte{1}));
    return out;
  };
  constexpr auto des = EspTransformId::triple_des, aes = EspTransformId::aes_cbc;
  CHECK(same_keys(tek(des, 0x10), tek(des, 0x11)));
  CHECK_FALSE(same_keys(tek(des, 0x10), tek(des, 0x12)));
  CHECK_FALSE(same_keys(tek(aes, 0x10), tek(aes, 0x11)));
  CHECK_FALSE(same_keys(tek(aes, 0x10), tek(des, 0x10)));
  CHECK(same_keys(tek(aes, 0x10), tek(aes, 0x10)));
  auto other = tek(aes, 0x10);
  other.integrity_key = KeyMaterial::copy_of(Bytes(20, std::byte{2}));
  CHECK_FALSE(same_keys(tek(aes, 0x10), other));
}

}  // namespace policy_test
