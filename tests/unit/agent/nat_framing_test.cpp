// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/nat_framing.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace nat_framing_test {

using namespace agent;
using support::hex;
using support::octets;

TEST_CASE("IKE on port 4500 travels behind four zero octets") {
  const auto wire = framed(octets("0102030405"));
  CHECK(hex(wire) == "000000000102030405");
  REQUIRE(unframed(wire).has_value());
  CHECK(hex(*unframed(wire)) == "0102030405");
}

TEST_CASE("a keepalive is one octet, whole") { CHECK(hex(framed(nat_keep_alive())) == "ff"); }

TEST_CASE("keepalives, ESP and scraps are no IKE messages") {
  for (const auto* wire : {"", "ff", "00", "000000", "00000000", "dda601aa00000001aabb"})
    CHECK_FALSE(unframed(octets(wire)).has_value());
}

}  // namespace nat_framing_test
