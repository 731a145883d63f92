// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa_tek.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace sa_tek_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::octets;

namespace {

// RFC 6407 figures 7 and 8: ESP, any protocol, 10.1.0.0/24 to 10.3.0.0/24, AES-CBC, SPI; then
// 3600 s, tunnel, HMAC-SHA-256, 128 bits.
const std::string source = "04 0000 08 0a010000 ffffff00",
                  destination = "04 0000 08 0a030000 ffffff00";
const std::string transform = "0c", spi = "11223344";
const std::string attributes = "80010001 80020e10 80040001 80050005 80060080";
const std::string rest = transform + spi + attributes;

Result<std::optional<SaTek>> parse(const std::string& text) { return parse_sa_tek(octets(text)); }

std::string selector(const std::string& text) {
  const auto sat = parse(text);
  return sat ? (*sat ? describe((*sat)->selectors.front()) : "skipped") : failure(sat);
}

}  // namespace

TEST_CASE("a SAT says what is protected and how") {
  const auto sat = parse("01 00" + source + destination + rest);
  REQUIRE(failure(sat).empty());
  REQUIRE(*sat);
  CHECK(describe((*sat)->selectors.front()) == "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
  CHECK((*sat)->spi == Spi{0x11223344});
  CHECK((*sat)->policy.transform == EspTransformId::aes_cbc);
  CHECK((*sat)->policy.key_bits == 128);
  CHECK((*sat)->policy.lifetime == seconds{3600});
}

TEST_CASE("protocol and ports are those of the selector") {
  CHECK(selector("01 11 01 0350 04 0a000005 01 0000 04 0a000006" + rest) ==
        "udp host 10.0.0.5 eq 848 host 10.0.0.6");
  CHECK(selector("01 06 01 0000 04 0a000005 01 00b3 04 0a000006" + rest) ==
        "tcp host 10.0.0.5 host 10.0.0.6 eq 179");
}

TEST_CASE("a SAT with two-octet ID lengths means the same") {
  const std::string two = "01 00 04 0000 0008 0a010000 ffffff00 04 0000 0008 0a030000 ffffff00";
  CHECK(selector(two + rest) == "ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255");
  CHECK((*parse(two + rest))->spi == Spi{0x11223344});
  CHECK(selector("01 00 01 0000 0004 0a00e025 01 0000 0004 ef010101" + rest) ==
        "ip host 10.0.224.37 host 239.1.1.1");
  CHECK(selector("01 00 04 0000 0008 00000000 00000000 04 0000 0008 00000000 00000000" + rest) ==
        "ip any any");
}

TEST_CASE("addresses full of zeros do not confuse the two readings") {
  for (const char* first : {"00000000 00000000", "0a000000 ff000000", "0a000000 fffffff8"})
    for (const char* second : {"00000000 00000000", "0a000000 ff000000", "01000000 ffffffff"}) {
      const std::string one = std::string{"04 0000 08"} + first + "04 0000 08" + second;
      const std::string two = std::string{"04 0000 0008"} + first + "04 0000 0008" + second;
      CHECK(selector("01 00" + one + rest) == selector("01 00" + two + rest));
      CHECK(failure(parse("01 00" + two + rest)).empty());
    }
}

TEST_CASE("a mask with holes is one selector for each value of its holes") {
  const auto sat = parse("01 00 04 0000 08 0a000500 ff7f00f0" + destination + rest);
  REQUIRE(failure(sat) == "unsupported: ID subnet mask with too many non-contiguous bits");
  const auto two = parse("01 11 04 0035 08 0a000500 fffeffff 04 0000 08 0a010000 fffeff00" + rest);
  REQUIRE(failure(two).empty());
  std::vector<std::string> texts;
  for (const auto& one : (*two)->selectors) texts.push_back(describe(one));
  CHECK(texts == std::vector<std::string>{
                     "udp host 10.0.5.0 eq 53 10.0.0.0 0.0.0.255",
                     "udp host 10.0.5.0 eq 53 10.1.0.0 0.0.0.255",
                     "udp host 10.1.5.0 eq 53 10.0.0.0 0.0.0.255",
                     "udp host 10.1.5.0 eq 53 10.1.0.0 0.0.0.255",
                 });
}

TEST_CASE("holes on both sides that mean too many selectors are refused") {
  const std::string six = "04 0000 08 0a000000 ff03ff00", five = "04 0000 08 0a000000 ff07ff00";
  CHECK(failure(parse("01 00" + six + five + rest)) ==
        "unsupported: SAT whose masks have too many non-contiguous bits");
  const auto most = parse("01 00" + five + five + rest);
  REQUIRE(failure(most).empty());
  CHECK((*most)->selectors.size() == 1024);
}

TEST_CASE("no data means any source") {
  CHECK(selector("01 00 01 0000 00 01 0000 04 ef010101" + rest) == "ip any host 239.1.1.1");
  CHECK(selector("01 00 01 0000 03 000000 01 0000 04 ef010101" + rest) == "ip any host 239.1.1.1");
  CHECK(selector("01 00 00 0000 00 01 0000 04 ef010101" + rest) == "ip any host 239.1.1.1");
}

TEST_CASE("any source takes the family of the destination") {
  CHECK(selector("01 00 00 0000 00 05 0000 10 ff0e0000000000000000000000000001" + rest) ==
        "ipv6 any host ff0e::1");
  CHECK(selector("01 00 05 0000 10 20010db8000000000000000000000001 00 0000 00" + rest) ==
        "ipv6 host 2001:db8::1 any");
}

TEST_CASE("source and destination of different families are refused") {
  CHECK(selector("01 00 01 0000 04 0a000001 05 0000 10 ff0e0000000000000000000000000001" + rest) ==
        "malformed: SAT source and destination of different families");
  CHECK(selector("01 00 01 0000 00 05 0000 00" + rest) ==
        "malformed: SAT source and destination of different families");
}

TEST_CASE("a SAT cut before its attributes is refused, and inside one") {
  const Bytes whole = octets("01 00" + source + destination + rest);
  const std::size_t fixed = whole.size() - 20;
  for (std::size_t size = 0; size < fixed; ++size)
    CHECK_FALSE(parse_sa_tek(View{whole}.first(size)));
  for (std::size_t size = fixed; size < whole.size(); ++size)
    CHECK_FALSE(parse_sa_tek(View{whole}.first(size)));
}

TEST_CASE("a SAT with an octet more is refused") {
  CHECK(failure(parse("01 00" + source + destination + rest + "00")) ==
        "truncated: attribute type");
}

TEST_CASE("a SAT for another protocol than ESP is left to the caller") {
  for (const char* protocol : {"00", "02", "03", "80", "ff"}) {
    const auto sat = parse(protocol);
    REQUIRE(failure(sat).empty());
    CHECK_FALSE(*sat);
  }
  CHECK(failure(parse("")) == "truncated: SAT");
}

TEST_CASE("what is wrong with a SAT of right form is reported, in either form") {
  const std::string des = "02" + spi + attributes;
  const std::string two = "04 0000 0008 0a010000 ffffff00 04 0000 0008 0a030000 ffffff00";
  for (const std::string& ids : {source + destination, two}) {
    CHECK(failure(parse("01 00" + ids + des)) == "unsupported: SAT transform ESP_DES");
    CHECK(detail(parse("01 00" + ids + des)) == 2);
  }
  CHECK(failure(parse("01 00 02 0000 02 6b73" + destination + rest)) ==
        "unsupported: ID type that names no addresses");
}

TEST_CASE("an entry with SPI 0 has no protection to be judged") {
  const auto sat = parse("01 00" + source + destination + "00 00000000");
  REQUIRE(failure(sat).empty());
  REQUIRE(*sat);
  CHECK((*sat)->spi == Spi{0});
  CHECK((*sat)->policy == TekPolicy{});
  CHECK(failure(parse("01 00" + source + destination + "00 00000001")) ==
        "unsupported: SAT transform");
}

}  // namespace sa_tek_test
