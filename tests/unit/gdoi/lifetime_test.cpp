// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/lifetime.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace lifetime_test {

using namespace gdoi;
using support::failure;
using support::octets;

namespace {

// Types 1 and 2 as in a SAT.
Result<Lifetimes> collect(const char* text) {
  const Bytes bytes = octets(text);
  const auto attributes = parse_attributes(bytes);
  Lifetimes out;
  for (const Attribute& attribute : *attributes) {
    const auto added = attribute.type == 1 ? out.add_type(attribute) : out.add_duration(attribute);
    if (!added) return tl::unexpected<Error>{added.error()};
  }
  if (const auto paired = out.finish(); !paired) return tl::unexpected<Error>{paired.error()};
  return out;
}

}  // namespace

TEST_CASE("the example of RFC 2407 section 4.5.2 is 24 hours and 100 MB") {
  const auto both = collect("80010001 0002000400015180 80010002 00020004000186A0");
  REQUIRE(both);
  CHECK(both->seconds() == 86400u);
  CHECK(both->kilobytes() == 100000u);
}

TEST_CASE("durations may be short or long, and in either order of units") {
  CHECK(collect("80010001 80020e10")->seconds() == 3600u);
  CHECK(collect("00010001 01 80020e10")->seconds() == 3600u);
  CHECK(collect("80010002 80020001 80010001 80020002")->seconds() == 2u);
  CHECK_FALSE(collect("80010002 80020001")->seconds());
  CHECK_FALSE(collect("")->seconds());
}

TEST_CASE("a type and its duration come together or not at all") {
  CHECK(failure(collect("80020e10")) == "malformed: life duration without a type");
  CHECK(failure(collect("80010001")) == "malformed: life type without a duration");
  CHECK(failure(collect("80010001 80010002 80020e10")) ==
        "malformed: life type without a duration");
  CHECK(failure(collect("80010001 80020e10 80020e10")) ==
        "malformed: life duration without a type");
}

TEST_CASE("a unit that comes twice is a contradiction") {
  CHECK(failure(collect("80010001 80020e10 80010001 80020e10")) == "malformed: life type twice");
}

TEST_CASE("lifetimes of 0, of unknown units or beyond 32 bits are refused") {
  CHECK(failure(collect("80010001 80020000")) == "malformed: life duration of 0");
  CHECK(failure(collect("80010002 0002000400000000")) == "malformed: life duration of 0");
  CHECK(failure(collect("80010000 80020e10")) == "unsupported: life type");
  CHECK(failure(collect("80010003 80020e10")) == "unsupported: life type");
  CHECK(failure(collect("80010001 000200050100000000")) ==
        "unsupported: life duration of more than four octets");
}

}  // namespace lifetime_test
