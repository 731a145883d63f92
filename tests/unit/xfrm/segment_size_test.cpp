// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/segment_size.h"

#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"

namespace segment_size_test {

namespace {

using xfrm::Family;

// What ESP in tunnel mode makes of a segment under AES-CBC and HMAC-SHA-512-256: RFC 4303
// section 2.
unsigned on_the_wire(unsigned ip_header, unsigned segment) {
  constexpr unsigned spi_and_sequence = 8, iv = 16, block = 16, icv = 32, trailer = 2, tcp = 20;
  const unsigned plain = ip_header + tcp + segment + trailer;
  return ip_header + spi_and_sequence + iv + (plain + block - 1) / block * block + icv;
}

TEST_CASE("a segment of the size that an MTU gives fits after encryption") {
  const auto mtu = GENERATE(std::uint32_t{800}, 1280U, 1400U, 1492U, 1500U, 1501U, 1515U, 9000U);
  CAPTURE(mtu);
  CHECK(on_the_wire(20, xfrm::segment_size(Family::ipv4, mtu)) <= mtu);
  CHECK(on_the_wire(40, xfrm::segment_size(Family::ipv6, mtu)) <= mtu);
}

TEST_CASE("with the usual MTU it is what operators know, and never less than every host takes") {
  CHECK(xfrm::segment_size(Family::ipv4, 1500) == 1360);
  CHECK(xfrm::segment_size(Family::ipv6, 1500) == 1320);
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    CHECK(xfrm::segment_size(family, 68) == 536);
    CHECK(xfrm::segment_size(family, 0) == 536);
  }
  CHECK(xfrm::segment_size(Family::ipv4, 100'000) == 65395);
}

TEST_CASE("only what begins a connection is touched") {
  auto rule = xfrm::clamp(xfrm::nft::Expressions{"t", "c"}, 1360);
  std::vector<std::string> names;
  ::nftnl_expr_foreach(
      rule.get(),
      [](nftnl_expr* expression, void* out) {
        static_cast<std::vector<std::string>*>(out)->emplace_back(
            ::nftnl_expr_get_str(expression, NFTNL_EXPR_NAME));
        return 0;
      },
      &names);
  // TCP; flags SYN and RST masked, SYN alone; the size into the option.
  CHECK(names == std::vector<std::string>{"meta", "cmp", "payload", "bitwise", "cmp", "immediate",
                                          "exthdr"});
}

}  // namespace

}  // namespace segment_size_test
