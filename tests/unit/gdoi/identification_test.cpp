// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/identification.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace identification_test {

using namespace gdoi;
using support::failure;
using support::hex;
using support::joined;
using support::octets;
using support::text_octets;

namespace {

Address ipv4(const char* text) {
  Address out;
  const Bytes bytes = octets(text);
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

Bytes body(std::uint8_t type, std::size_t size) {
  return joined({Bytes{std::byte{type}}, octets("000000"), Bytes(size, std::byte{1})});
}

}  // namespace

TEST_CASE("the identity of a peer is its type, protocol, port and data") {
  const auto id = parse_identification(octets("01 11 0350 0a000005"));
  REQUIRE(id);
  CHECK(*id == Identification{IdType::ipv4_addr, 17, 848, octets("0a000005")});
}

TEST_CASE("a name is data of any length but none") {
  const auto id = parse_identification(joined({octets("02000000"), text_octets("ks.example")}));
  REQUIRE(id);
  CHECK(id->data == text_octets("ks.example"));
  CHECK(failure(parse_identification(octets("02000000"))) == "malformed: ID data length");
}

TEST_CASE("an ID cut inside its fixed part is refused") {
  for (std::size_t size = 0; size < 4; ++size)
    CHECK(failure(parse_identification(Bytes(size))) == "truncated: ID");
}

TEST_CASE("addresses have the length of their type and no other") {
  const std::initializer_list<std::pair<std::uint8_t, std::size_t>> sizes{{1, 4},  {4, 8}, {5, 16},
                                                                          {6, 32}, {7, 8}, {8, 32}};
  for (const auto& [type, size] : sizes) {
    CHECK(failure(parse_identification(body(type, size))).empty());
    CHECK(failure(parse_identification(body(type, size - 1))) == "malformed: ID data length");
    CHECK(failure(parse_identification(body(type, size + 1))) == "malformed: ID data length");
    CHECK(failure(parse_identification(body(type, 0))) == "malformed: ID data length");
  }
}

TEST_CASE("an unknown type is kept as it is") {
  CHECK(parse_identification(body(99, 3))->type == IdType{99});
}

TEST_CASE("group 100 is ID_KEY_ID with four octets, protocol and port 0") {
  CHECK(hex(encode_identification(identification_of(GroupId{GroupNumber{100}}))) ==
        "0b000000"
        "00000064");
  CHECK(hex(encode_identification(identification_of(GroupId{GroupNumber{0xfffefdfc}}))) ==
        "0b000000"
        "fffefdfc");
}

TEST_CASE("a group named by an address is ID_IPV4_ADDR") {
  CHECK(hex(encode_identification(identification_of(GroupId{ipv4("e1010101")}))) ==
        "01000000"
        "e1010101");
}

TEST_CASE("an address names us with protocol and port") {
  CHECK(hex(encode_identification(identification_of(ipv4("ac100102"), 17, 848))) ==
        "01110350"
        "ac100102");
  Address v6;
  v6.family = Address::Family::ipv6;
  v6.bytes[0] = std::byte{0xfd};
  v6.bytes[15] = std::byte{0x05};
  CHECK(hex(encode_identification(identification_of(v6, 0, 0))) ==
        "05000000"
        "fd000000000000000000000000000005");
}

}  // namespace identification_test
