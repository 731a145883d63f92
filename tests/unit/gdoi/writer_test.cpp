// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/writer.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace writer_test {

using namespace gdoi;
using support::failure;
using support::hex;
using support::octets;

TEST_CASE("a chain names each payload in its predecessor and knows the lengths") {
  Writer out;
  out.payload(PayloadType::hash, octets("aabb"));
  out.payload(PayloadType::nonce, [](Writer& body) { body.u8(1).u16(2).u32(3); });
  CHECK(out.first_type() == PayloadType::hash);
  const auto chain = std::move(out).finish();
  REQUIRE(chain);
  CHECK(hex(*chain) == "0a000006aabb0000000b01000200000003");
}

TEST_CASE("the first payload lands in the slot of the head") {
  Writer out{octets("ff00ff"), 1};
  out.payload(PayloadType::sequence, octets("00000001"));
  const auto message = std::move(out).finish();
  REQUIRE(message);
  CHECK(hex(*message) ==
        "ff12ff"
        "0000000800000001");
}

TEST_CASE("a payload of 65535 octets is written, one more is refused") {
  Writer longest;
  longest.payload(PayloadType::vendor_id, Bytes(65535 - 4));
  CHECK(failure(std::move(longest).finish()).empty());

  Writer longer;
  longer.payload(PayloadType::vendor_id, Bytes(65535 - 3));
  longer.payload(PayloadType::vendor_id, Bytes(1));  // a good one later does not mend it
  CHECK(failure(std::move(longer).finish()) == "malformed: payload longer than 65535 octets");
}

}  // namespace writer_test
