// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/shape.h"

#include <array>

#include "tests/support/catch.h"
#include "tests/support/failure.h"

namespace shape_test {

using namespace gdoi;
using support::detail;
using support::failure;

namespace {

// RFC 6407 section 3.2, fourth message: HDR*, HASH(4), [ SEQ, ] KD
constexpr std::array rules{
    PayloadRule{PayloadType::hash, 1, 1},
    PayloadRule{PayloadType::sequence, 0, 1},
    PayloadRule{PayloadType::key_download, 1, 1},
};

std::string refusal(std::initializer_list<PayloadType> types) {
  Chain chain;
  for (const PayloadType type : types) chain.payloads.push_back(Payload{type, {}, {}});
  return failure(check_shape(chain, rules));
}

}  // namespace

TEST_CASE("a message with what it must and may carry has the right shape") {
  using enum PayloadType;
  CHECK(refusal({hash, key_download}).empty());
  CHECK(refusal({hash, sequence, key_download}).empty());
}

TEST_CASE("a message that lacks a payload is refused") {
  using enum PayloadType;
  CHECK(refusal({hash, sequence}) == "malformed: KD");
  CHECK(refusal({key_download}) == "malformed: HASH");
  CHECK(refusal({}) == "malformed: HASH");
}

TEST_CASE("a message that has a payload too often is refused") {
  using enum PayloadType;
  CHECK(refusal({hash, hash, key_download}) == "malformed: HASH");
  CHECK(refusal({hash, sequence, sequence, key_download}) == "malformed: SEQ");
}

TEST_CASE("a payload without a rule is refused by name and number") {
  using enum PayloadType;
  CHECK(refusal({hash, key_exchange, key_download}) == "unexpected: KE");
  CHECK(refusal({hash, PayloadType{99}, key_download}) == "unexpected: unknown");
  Chain chain;
  chain.payloads.push_back(Payload{PayloadType{99}, {}, {}});
  CHECK(detail(check_shape(chain, rules)) == 99);
}

TEST_CASE("vendor IDs and notifications may come with any message") {
  using enum PayloadType;
  CHECK(refusal({hash, key_download, vendor_id, vendor_id, notification}).empty());
}

TEST_CASE("a table that names notifications is obeyed") {
  constexpr std::array strict{PayloadRule{PayloadType::notification, 1, 1}};
  Chain none, two;
  two.payloads.assign(2, Payload{PayloadType::notification, {}, {}});
  CHECK(failure(check_shape(none, strict)) == "malformed: N");
  CHECK(failure(check_shape(two, strict)) == "malformed: N");
}

}  // namespace shape_test
