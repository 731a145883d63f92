// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/secret.h"

#include <type_traits>

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace secret_test {

using namespace gdoi;
using support::hex;
using support::octets;

static_assert(!std::is_copy_constructible_v<KeyMaterial> &&
              !std::is_copy_assignable_v<KeyMaterial>);
static_assert(std::is_nothrow_move_constructible_v<KeyMaterial>);

TEST_CASE("key material is copied only on purpose") {
  const Bytes source = octets("0102030405");
  const KeyMaterial key = KeyMaterial::copy_of(source);
  CHECK(hex(key.view()) == "0102030405");
  CHECK(key.view().data() != source.data());
}

TEST_CASE("moved key material leaves nothing behind") {
  KeyMaterial from = KeyMaterial::copy_of(octets("0102030405"));
  const KeyMaterial to{std::move(from)};
  CHECK(hex(to.view()) == "0102030405");
  CHECK(from.empty());  // NOLINT(bugprone-use-after-move): what is left is the question
}

TEST_CASE("key material equals the same octets and no others") {
  const KeyMaterial key = KeyMaterial::copy_of(octets("0102030405"));
  CHECK(key.equals(octets("0102030405")));
  CHECK_FALSE(key.equals(octets("0102030406")));
  CHECK_FALSE(key.equals(octets("01020304")));
  CHECK_FALSE(key.equals(octets("010203040500")));
  CHECK_FALSE(key.equals({}));
}

}  // namespace secret_test
