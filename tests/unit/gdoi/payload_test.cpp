// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/payload.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace payload_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

// HASH of 2 octets, NONCE of 3, then the end.
const Bytes two = octets("0a000006aabb 00000007010203");

}  // namespace

TEST_CASE("a payload is taken off the front and names what follows") {
  Reader in{two};
  auto following = PayloadType::none;
  const auto payload = next_payload(in, PayloadType::hash, following);
  REQUIRE(payload);
  CHECK(payload->type == PayloadType::hash);
  CHECK(hex(payload->body) == "aabb");
  CHECK(hex(payload->whole) == "0a000006aabb");
  CHECK(following == PayloadType::nonce);
  CHECK(in.rest().size() == 7);
}

TEST_CASE("a payload that is refused is not taken") {
  const Bytes bad = octets("0a000007aabb");
  Reader in{bad};
  auto following = PayloadType::gap;
  CHECK(failure(next_payload(in, PayloadType::hash, following)) == "truncated: HASH");
  CHECK(in.rest().size() == bad.size());
  CHECK(following == PayloadType::gap);
}

TEST_CASE("a payload shorter than its own header is refused") {
  for (const char* length : {"0000", "0001", "0003"}) {
    const Bytes bad = joined({octets("0000"), octets(length), octets("aabbccdd")});
    Reader in{bad};
    auto following = PayloadType::none;
    CHECK(failure(next_payload(in, PayloadType::nonce, following)) == "malformed: NONCE");
  }
}

TEST_CASE("an empty body is a payload; whether it may be is for others to say") {
  const Bytes empty = octets("00000004");
  const auto chain = parse_chain(empty, PayloadType::vendor_id, 0);
  REQUIRE(chain);
  CHECK(chain->payloads.at(0).body.empty());
}

TEST_CASE("the reserved octet is not judged") {
  CHECK(parse_chain(octets("00ff0005aa"), PayloadType::hash, 0));
}

TEST_CASE("a chain ends at next payload none") {
  const auto chain = parse_chain(two, PayloadType::hash, 0);
  REQUIRE(chain);
  REQUIRE(chain->payloads.size() == 2);
  CHECK(chain->payloads[1].type == PayloadType::nonce);
  CHECK(hex(chain->octets) == hex(two));
  CHECK(parse_chain({}, PayloadType::none, 0)->payloads.empty());
}

TEST_CASE("a chain cut anywhere is refused") {
  for (std::size_t size = 0; size < two.size(); ++size)
    CHECK_FALSE(parse_chain(View{two}.first(size), PayloadType::hash, 0));
}

TEST_CASE("less than a block of padding is no part of the chain") {
  const Bytes padded = joined({two, octets("00000000000006")});
  const auto chain = parse_chain(padded, PayloadType::hash, 8);
  REQUIRE(chain);
  CHECK(hex(chain->octets) == hex(two));
}

TEST_CASE("a whole block of padding is refused, and any in a clear message") {
  const std::string refusal = "malformed: octets after the last payload";
  CHECK(failure(parse_chain(joined({two, Bytes(8)}), PayloadType::hash, 8)) == refusal);
  CHECK(detail(parse_chain(joined({two, Bytes(8)}), PayloadType::hash, 8)) == 8);
  CHECK(failure(parse_chain(joined({two, Bytes(1)}), PayloadType::hash, 0)) == refusal);
}

TEST_CASE("a message of 64 payloads is read, one of 65 is refused") {
  Bytes chain;
  for (std::size_t i = 1; i < max_payloads; ++i) chain = joined({octets("0d000004"), chain});
  const Bytes most = joined({chain, octets("00000004")});
  const Bytes more = joined({octets("0d000004"), most});
  CHECK(parse_chain(most, PayloadType::vendor_id, 0)->payloads.size() == max_payloads);
  CHECK(failure(parse_chain(more, PayloadType::vendor_id, 0)) == "malformed: too many payloads");
}

TEST_CASE("a payload is found by type, the first of several") {
  const Bytes bytes = octets("0d000005aa 0d000005bb 00000005cc");
  const auto chain = parse_chain(bytes, PayloadType::hash, 0);
  REQUIRE(chain);
  REQUIRE(chain->find(PayloadType::vendor_id) != nullptr);
  CHECK(hex(chain->find(PayloadType::vendor_id)->body) == "bb");
  CHECK(chain->find(PayloadType::nonce) == nullptr);
}

TEST_CASE("what follows a payload goes to the end of the chain, without padding") {
  const Bytes padded = joined({two, octets("0000")});
  const auto chain = parse_chain(padded, PayloadType::hash, 8);
  REQUIRE(chain);
  CHECK(hex(chain->after(chain->payloads[0])) == "00000007010203");
  CHECK(chain->after(chain->payloads[1]).empty());
}

}  // namespace payload_test
