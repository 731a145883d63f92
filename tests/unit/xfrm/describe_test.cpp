// SPDX-License-Identifier: GPL-2.0-or-later

#include "xfrm/base/describe.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/base/result.h"

namespace describe_test {

namespace {

TEST_CASE("addresses and prefixes are written as people do") {
  CHECK(describe(test::ipv4(240, 0, 0, 1)) == "240.0.0.1");
  CHECK(describe(xfrm::Prefix{test::ipv4(10, 1, 0, 0), 16}) == "10.1.0.0/16");
  xfrm::Address six{xfrm::Family::ipv6, {}};
  six.bytes[0] = std::byte{1};
  six.bytes[15] = std::byte{2};
  CHECK(describe(six) == "100::2");
}

TEST_CASE("a selector names only what it restricts") {
  xfrm::Selector s;
  s.source = {test::ipv4(10, 1, 0, 0), 24};
  s.destination = {test::ipv4(0, 0, 0, 0), 0};
  CHECK(describe(s) == "10.1.0.0/24 to 0.0.0.0/0");
  s.protocol = 6;
  s.source_port = 179;
  s.destination_port = 22;
  CHECK(describe(s) == "10.1.0.0/24 port 179 to 0.0.0.0/0 port 22 protocol 6");
  s.destination_port = 1024;
  s.destination_port_mask = 0xfc00;
  CHECK(describe(s) == "10.1.0.0/24 port 179 to 0.0.0.0/0 port 1024-2047 protocol 6");
}

TEST_CASE("an error without the kernel's words has the errno's") {
  CHECK(xfrm::fail(EEXIST, "policy out").value().message() == "policy out: File exists");
  CHECK(xfrm::fail(EEXIST, "policy out", "taken").value().message() == "policy out: taken");
}

}  // namespace

}  // namespace describe_test
