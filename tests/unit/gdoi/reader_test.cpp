// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/reader.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace reader_test {

using namespace gdoi;
using support::hex;
using support::octets;

TEST_CASE("numbers are read big endian") {
  const Bytes bytes = octets("01 0203 04050607");
  Reader in{bytes};
  std::uint8_t a = 0;
  std::uint16_t b = 0;
  std::uint32_t c = 0;
  REQUIRE(in.u8(a));
  REQUIRE(in.u16(b));
  REQUIRE(in.u32(c));
  CHECK(a == 0x01);
  CHECK(b == 0x0203);
  CHECK(c == 0x04050607);
  CHECK(in.empty());
}

TEST_CASE("a read that fails moves nothing and writes nothing") {
  const Bytes bytes = octets("010203");
  Reader in{bytes};
  std::uint32_t number = 42;
  Cookie cookie;
  View piece;
  CHECK_FALSE(in.u32(number));
  CHECK_FALSE(in.cookie(cookie));
  CHECK_FALSE(in.take(4, piece));
  CHECK_FALSE(in.take(static_cast<std::size_t>(-1), piece));
  CHECK(number == 42);
  CHECK(cookie.is_zero());
  CHECK(hex(in.rest()) == "010203");
}

TEST_CASE("a piece is what was asked for, and the rest follows it") {
  const Bytes bytes = octets("0102030405060708 090a");
  Reader in{bytes};
  Cookie cookie;
  View piece;
  REQUIRE(in.cookie(cookie));
  REQUIRE(in.take(0, piece));
  CHECK(piece.empty());
  REQUIRE(in.take(2, piece));
  CHECK(hex(cookie.bytes) == "0102030405060708");
  CHECK(hex(piece) == "090a");
  CHECK(in.empty());
}

}  // namespace reader_test
