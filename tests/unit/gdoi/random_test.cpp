// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/random.h"

#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"
#include "tests/support/hex.h"

namespace random_test {

using namespace gdoi;
using support::hex;
using support::octets;

TEST_CASE("the system's random octets differ from one drawing to the next") {
  SystemRandom random;
  Bytes first(32), second(32);
  random.fill(first);
  random.fill(second);
  CHECK(first != second);
  CHECK(first != Bytes(32));
}

TEST_CASE("all of the octets asked for are drawn, and no others") {
  SystemRandom random;
  Bytes seen(64);
  // An octet that stays zero through 64 drawings was not written (but for chance: 2^-512).
  for (int i = 0; i < 64; ++i) {
    Bytes drawn(66);
    random.fill(std::span{drawn}.subspan(1, 64));
    CHECK(drawn.front() == std::byte{0});
    CHECK(drawn.back() == std::byte{0});
    for (std::size_t at = 0; at < 64; ++at) seen[at] |= drawn[at + 1];
  }
  CHECK(std::find(seen.begin(), seen.end(), std::byte{0}) == seen.end());
}

TEST_CASE("nothing may be asked for") {
  SystemRandom random;
  random.fill({});
}

TEST_CASE("a fixed source replays its octets and then has no more") {
  support::FixedRandom random{octets("0102030405")};
  Bytes out(3);
  random.fill(out);
  CHECK(hex(out) == "010203");
  CHECK(random.remaining() == 2);
  CHECK_THROWS(random.fill(out));
}

TEST_CASE("a seeded source gives the same octets for the same seed") {
  support::SeededRandom one{1}, same{1}, two{2};
  Bytes first(16), second(16), third(16);
  one.fill(first);
  same.fill(second);
  two.fill(third);
  CHECK(first == second);
  CHECK(first != third);
}

}  // namespace random_test
