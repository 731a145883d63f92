// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/multicast.h"

#include "tests/support/catch.h"

namespace multicast_test {

using namespace gdoi;

namespace {

Address address(Address::Family family, unsigned first) {
  Address out;
  out.family = family;
  out.bytes[0] = static_cast<std::byte>(first);
  return out;
}

}  // namespace

TEST_CASE("multicast is 224.0.0.0/4 and ff00::/8, each in its own family") {
  const auto ipv4 = Address::Family::ipv4, ipv6 = Address::Family::ipv6;
  for (const unsigned first : {224U, 239U}) CHECK(is_multicast(address(ipv4, first)));
  for (const unsigned first : {0U, 223U, 240U, 255U})
    CHECK_FALSE(is_multicast(address(ipv4, first)));
  CHECK(is_multicast(address(ipv6, 0xff)));
  for (const unsigned first : {0x20U, 0xe0U, 0xfeU})
    CHECK_FALSE(is_multicast(address(ipv6, first)));
}

}  // namespace multicast_test
