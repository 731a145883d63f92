// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/header.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace header_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::octets;

namespace {

// RFC 2408 figure 2: a GROUPKEY-PULL message with four octets behind the header.
const Bytes pull = octets(
    "0102030405060708 1112131415161718 08 10 20 01 c1c2c3c4 00000020"
    "aabbccdd");

Bytes changed(std::size_t at, std::uint8_t value) {
  Bytes out = pull;
  out[at] = std::byte{value};
  return out;
}

}  // namespace

TEST_CASE("a message is its header and what follows it") {
  const auto message = parse_message(pull);
  REQUIRE(message);
  CHECK(hex(message->header.cookies.initiator.bytes) == "0102030405060708");
  CHECK(hex(message->header.cookies.responder.bytes) == "1112131415161718");
  CHECK(message->header.next == PayloadType::hash);
  CHECK(message->header.exchange == ExchangeType::groupkey_pull);
  CHECK(message->header.is_encrypted());
  CHECK(message->header.message_id == MessageId{0xc1c2c3c4});
  CHECK(message->header.length == 32);
  CHECK(hex(message->body) == "aabbccdd");
}

TEST_CASE("a message without the encryption flag is clear, whatever the other flags") {
  const auto message = parse_message(changed(19, 0xfe));
  REQUIRE(message);
  CHECK_FALSE(message->header.is_encrypted());
}

TEST_CASE("a message shorter than the header is refused") {
  for (std::size_t size = 0; size < IsakmpHeader::size; ++size)
    CHECK(failure(parse_message(View{pull}.first(size))) == "truncated: ISAKMP header");
}

TEST_CASE("Length must be the size of the datagram") {
  CHECK(failure(parse_message(View{pull}.first(31))) ==
        "truncated: ISAKMP Length exceeds the datagram");
  CHECK(failure(parse_message(changed(27, 0x1f))) ==
        "malformed: ISAKMP Length is less than the datagram");
  CHECK(failure(parse_message(changed(24, 0xff))) ==
        "truncated: ISAKMP Length exceeds the datagram");
  CHECK(failure(parse_message(changed(27, 0x00))) ==
        "malformed: ISAKMP Length is less than the datagram");
}

TEST_CASE("versions other than 1.0 are refused") {
  for (const auto version : {std::uint8_t{0x00}, std::uint8_t{0x11}, std::uint8_t{0x20}}) {
    CHECK(failure(parse_message(changed(17, version))) == "unsupported: ISAKMP version");
    CHECK(detail(parse_message(changed(17, version))) == version);
  }
}

TEST_CASE("a header alone is a message without a body") {
  Bytes alone{pull.begin(), pull.begin() + 28};
  alone[27] = std::byte{28};
  const auto message = parse_message(alone);
  REQUIRE(message);
  CHECK(message->body.empty());
}

TEST_CASE("a header is written as it was read") {
  const auto message = parse_message(pull);
  REQUIRE(message);
  CHECK(hex(encode_header(message->header)) == hex(View{pull}.first(IsakmpHeader::size)));
}

TEST_CASE("a clear message gets its first payload and its Length") {
  IsakmpHeader header;
  header.cookies.initiator.bytes.fill(std::byte{0x77});
  header.exchange = ExchangeType::informational;
  header.message_id = MessageId{5};
  Writer out = begin_message(header);
  out.payload(PayloadType::sequence, octets("00000009"));
  const auto message = finish_clear(std::move(out));
  REQUIRE(message);
  CHECK(hex(*message) ==
        "7777777777777777"
        "0000000000000000"
        "12100500"
        "00000005"
        "00000024"
        "0000000800000009");
}

TEST_CASE("a message with a payload that is too long is not finished") {
  Writer out = begin_message({});
  out.payload(PayloadType::vendor_id, Bytes(65536));
  CHECK_FALSE(finish_clear(std::move(out)));
}

}  // namespace header_test
