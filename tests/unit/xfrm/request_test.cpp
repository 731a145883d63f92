// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/netlink/request.h"

#include <cstdlib>
#include <cstring>
#include <memory>

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace request_test {

namespace {

using test::Octets;

struct Pair {
  std::uint32_t first, second;
};

TEST_CASE("a request is a header, a fixed part and padded attributes") {
  xfrm::Request request;
  request.start(0x21, NLM_F_CREATE);
  request.fixed<Pair>().second = 7;
  request.attribute(3, std::as_bytes(std::span{"abc", 3}));
  request.attribute(4, std::uint32_t{9});
  request.attribute(5, std::uint16_t{1}, std::as_bytes(std::span{"xyz", 3}));

  Octets body;
  body.host32(0).host32(7);
  body.attribute(3, Octets{}.raw("616263"));
  body.attribute(4, Octets{}.host32(9));
  body.attribute(5, Octets{}.host16(1).raw("78797a"));
  CHECK(support::hex(request.bytes()) == test::message(0x21, 0x401, body).hex());
  CHECK_FALSE(request.overflowed());
}

TEST_CASE("what does not fit overflows the request and is not written") {
  xfrm::Request request;
  request.start(0x21);
  const std::vector<std::byte> large(1500, std::byte{0xff});
  request.attribute(1, large);
  REQUIRE_FALSE(request.overflowed());
  const auto before = support::hex(request.bytes());

  request.attribute(2, large);

  CHECK(request.overflowed());
  CHECK(support::hex(request.bytes()) == before);
  SECTION("and stays so, even for what would fit") {
    request.attribute(3, std::uint32_t{1});
    CHECK(request.overflowed());
    CHECK(support::hex(request.bytes()) == before);
  }
  SECTION("until it is started anew") {
    request.start(0x22);
    CHECK_FALSE(request.overflowed());
    CHECK(support::hex(request.bytes()) == test::message(0x22, 1, {}).hex());
  }
}

TEST_CASE("an attribute that fills the request to the last octet fits, one octet more does not") {
  constexpr std::size_t room = 2048 - 16 - 4;
  xfrm::Request request;
  request.start(0x21);
  SECTION("fits") {
    request.attribute(1, std::vector<std::byte>(room));
    CHECK_FALSE(request.overflowed());
    CHECK(request.bytes().size() == 2048);
  }
  SECTION("does not") {
    request.attribute(1, std::vector<std::byte>(room + 1));
    CHECK(request.overflowed());
  }
}

TEST_CASE("the sequence number, more flags and the port are filled in last") {
  xfrm::Request request;
  request.start(0x21, NLM_F_CREATE);
  request.number(0x01020304, NLM_F_ACK, 0x0a0b0c0d);
  Octets expected;
  expected.host32(16).host16(0x21).host16(0x405).host32(0x01020304).host32(0x0a0b0c0d);
  CHECK(support::hex(request.bytes()) == expected.hex());
}

TEST_CASE("a request that is gone or started anew leaves no key behind") {
  constexpr std::string_view key = "correct horse battery staple";
  alignas(xfrm::Request) std::array<std::byte, sizeof(xfrm::Request)> memory{};
  const auto holds_key = [&] {
    return ::memmem(memory.data(), memory.size(), key.data(), key.size()) != nullptr;
  };
  auto* request = new (memory.data()) xfrm::Request;
  request->start(0x10);
  request->attribute(1, std::as_bytes(std::span{key}));
  REQUIRE(holds_key());

  SECTION("destroyed") {
    std::destroy_at(request);
    CHECK_FALSE(holds_key());
  }
  SECTION("started anew") {
    request->start(0x10);
    CHECK_FALSE(holds_key());
    std::destroy_at(request);
  }
}

}  // namespace

}  // namespace request_test
