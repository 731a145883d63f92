// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/gap.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace gap_test {

using namespace gdoi;
using support::failure;
using support::octets;

TEST_CASE("a GAP has delays in seconds, in either form") {
  const auto gap = parse_gap(octets("8001001e 00020004 00015180"));
  REQUIRE(gap);
  CHECK(gap->activation_delay == seconds{30});
  CHECK(gap->deactivation_delay == seconds{86400});
  CHECK(gap->ignored_attributes == 0);
}

TEST_CASE("an empty GAP says nothing, a delay of 0 is one") {
  CHECK_FALSE(parse_gap({})->activation_delay);
  CHECK_FALSE(parse_gap({})->deactivation_delay);
  CHECK(parse_gap(octets("80010000"))->activation_delay == seconds{0});
}

TEST_CASE("a member's request, and what we do not know, is counted") {
  CHECK(parse_gap(octets("80030001 80800001 8001001e"))->ignored_attributes == 2);
  CHECK(parse_gap(octets("80000000"))->ignored_attributes == 1);
}

TEST_CASE("a delay that comes twice or is no number is refused") {
  CHECK(failure(parse_gap(octets("8001001e 8001001e"))) == "malformed: GAP attribute twice");
  CHECK(failure(parse_gap(octets("00010000"))) == "malformed: GAP attribute value");
  CHECK(failure(parse_gap(octets("00020005 0100000000"))) == "malformed: GAP attribute value");
}

TEST_CASE("a GAP cut inside an attribute is refused") {
  CHECK(failure(parse_gap(octets("8001001e 800200"))) == "truncated: attribute value");
}

}  // namespace gap_test
