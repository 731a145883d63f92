// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/attributes.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace attributes_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::octets;

TEST_CASE("attributes come in a short and a long form") {
  // RFC 2407 section 4.5.2, the first two of its example.
  const Bytes bytes = octets("80010001 00020004 00015180");
  const auto attributes = parse_attributes(bytes);
  REQUIRE(attributes);
  REQUIRE(attributes->size() == 2);
  CHECK(attributes->at(0).type == 1);
  CHECK(attributes->at(0).basic);
  CHECK(attributes->at(0).number() == 1u);
  CHECK(attributes->at(1).type == 2);
  CHECK_FALSE(attributes->at(1).basic);
  CHECK(attributes->at(1).number() == 86400u);
}

TEST_CASE("no octets are no attributes") { CHECK(parse_attributes({})->empty()); }

TEST_CASE("attributes cut inside are refused") {
  const Bytes bytes = octets("80010001 00020004 00015180");
  for (std::size_t size = 1; size < bytes.size(); ++size) {
    if (size == 4) continue;  // between the two
    CHECK_FALSE(parse_attributes(View{bytes}.first(size)));
  }
  CHECK(failure(parse_attributes(octets("80"))) == "truncated: attribute type");
  CHECK(failure(parse_attributes(octets("8001 00"))) == "truncated: attribute value");
  CHECK(failure(parse_attributes(octets("0001 00"))) == "truncated: attribute length");
  CHECK(failure(parse_attributes(octets("7d01 ffff aa"))) == "truncated: attribute value");
  CHECK(detail(parse_attributes(octets("7d01 ffff aa"))) == 0x7d01);
}

TEST_CASE("a number is read in either form when it fits into four octets") {
  const auto number = [](const char* text) {
    const Bytes bytes = octets(text);
    return Attribute{1, false, bytes}.number();
  };
  CHECK(number("05") == 5u);
  CHECK(number("0e10") == 3600u);
  CHECK(number("015180") == 86400u);
  CHECK(number("ffffffff") == 0xffffffffu);
  CHECK(number("00000000ffffffff") == 0xffffffffu);
  CHECK(number("00") == 0u);
}

TEST_CASE("a number longer than four octets, or of none, is no number") {
  const Bytes five = octets("0100000000");
  CHECK_FALSE(Attribute{1, false, five}.number());
  CHECK_FALSE(Attribute{1, false, {}}.number());
}

TEST_CASE("a number of two octets does not take a longer one") {
  const Bytes most = octets("0000ffff"), more = octets("00010000");
  CHECK(Attribute{1, false, most}.number16() == std::uint16_t{0xffff});
  CHECK_FALSE(Attribute{1, false, more}.number16());
  CHECK_FALSE(Attribute{1, false, {}}.number16());
}

TEST_CASE("attributes are written in the form asked for") {
  Writer out;
  put_basic(out, 2, 3600);
  put_variable(out, 0x7fff, octets("aabbcc"));
  CHECK(hex(*std::move(out).finish()) ==
        "80020e10"
        "7fff0003aabbcc");
}

TEST_CASE("a known type is first once, an unknown one always") {
  SeenTypes seen;
  CHECK(seen.first(31));
  CHECK(seen.has(31));
  CHECK_FALSE(seen.has(30));
  CHECK_FALSE(seen.first(31));
  CHECK(seen.first(32));
  CHECK(seen.first(32));
  CHECK_FALSE(seen.has(32));
}

TEST_CASE("a counter at its top stays there") {
  std::uint16_t counter = 0xfffe;
  count_up(counter);
  count_up(counter);
  CHECK(counter == 0xffff);
}

}  // namespace attributes_test
