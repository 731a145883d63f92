// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/catch.h"
#include "tests/unit/xfrm/expected.h"
#include "xfrm/base/describe.h"
#include "xfrm/plane/config.h"
#include "xfrm/plane/senders.h"

namespace sender_anchors_test {

namespace {

using xfrm::Family;
using xfrm::Sender;

xfrm::Prefix site(unsigned number) { return {test::ipv4(10, number, 0, 0), 16}; }
xfrm::Address anchor(unsigned number) { return test::ipv4(240, 2, number / 256, number % 256); }

const auto pool = xfrm::sender_pool(0, Family::ipv4);

std::vector<Sender> assign(std::vector<xfrm::Prefix> networks, std::vector<Sender> now = {},
                           std::vector<xfrm::Address> in_use = {}) {
  return xfrm::assign_senders(std::move(networks), now, in_use, pool);
}

TEST_CASE("each plane and family has a pool of anchors of its own") {
  CHECK(xfrm::describe(pool) == "240.2.0.0/21");
  CHECK(xfrm::describe(xfrm::sender_pool(1, Family::ipv4)) == "240.2.8.0/21");
  CHECK(xfrm::describe(xfrm::sender_pool(32, Family::ipv4)) == "240.3.0.0/21");
  CHECK(xfrm::describe(xfrm::sender_pool(63, Family::ipv4)) == "240.3.248.0/21");
  CHECK(xfrm::describe(xfrm::sender_pool(0, Family::ipv6)) == "100::1:0:0/117");
  CHECK(xfrm::describe(xfrm::sender_pool(63, Family::ipv6)) == "100::1:3f:0/117");
}

TEST_CASE("an address is of a network, or is not") {
  CHECK(xfrm::is_in(anchor(1), pool));
  CHECK(xfrm::is_in(anchor(2047), pool));
  CHECK_FALSE(xfrm::is_in(anchor(2048), pool));
  CHECK_FALSE(xfrm::is_in(test::ipv4(240, 0, 0, 1), pool));
  CHECK(xfrm::is_in(test::ipv4(1, 2, 3, 4), {test::ipv4(0, 0, 0, 0), 0}));
  CHECK(xfrm::is_in(anchor(1), {anchor(1), 32}));
  CHECK_FALSE(xfrm::is_in(xfrm::discard_address(1), {test::ipv4(0, 0, 0, 0), 0}));
}

TEST_CASE("anchors are given in order, and each network has one") {
  CHECK(assign({site(2), site(1), site(2)}) ==
        std::vector<Sender>{{site(1), anchor(1)}, {site(2), anchor(2)}});
  CHECK(assign({}).empty());
}

TEST_CASE("who has an anchor keeps it, and a new one gets what nobody has") {
  const auto now = assign({site(2), site(4)});
  CHECK(assign({site(1), site(2), site(3)}, now) ==
        std::vector<Sender>{{site(1), anchor(3)}, {site(2), anchor(1)}, {site(3), anchor(4)}});
  // States without a table that says whose they are.
  CHECK(assign({site(1), site(2)}, {}, {anchor(1), anchor(3)}) ==
        std::vector<Sender>{{site(1), anchor(2)}, {site(2), anchor(4)}});
}

TEST_CASE("all may be exchanged for others at once") {
  std::vector<xfrm::Prefix> first, second;
  for (unsigned i = 0; i < xfrm::max_senders; ++i) {
    first.push_back({test::ipv4(10, i / 256, i % 256, 0), 24});
    second.push_back({test::ipv4(11, i / 256, i % 256, 0), 24});
  }
  const auto now = assign(first), next = assign(second, now);
  CHECK(next.size() == xfrm::max_senders);
  for (const auto& sender : next) {
    CHECK(xfrm::is_in(sender.anchor, pool));
    for (const auto& old : now)
      if (old.anchor == sender.anchor) FAIL("given twice: " << xfrm::describe(old.anchor));
  }
}

}  // namespace

}  // namespace sender_anchors_test
