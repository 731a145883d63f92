// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/route.h"

#include "tests/support/catch.h"

namespace route_test {

using namespace agent;

namespace {

using To = std::vector<std::size_t>;
constexpr Recipient elsewhere{false, true, true}, here{true, false, false},
    served{true, false, true}, owner{true, true, false};

To routed(std::vector<Recipient> groups) { return route(groups); }

}  // namespace

TEST_CASE("a datagram goes to whoever knows its cookies, be it several") {
  CHECK(routed({served, owner, here}) == To{1});
  CHECK(routed({owner, served, owner}) == To{0, 2});
}

TEST_CASE("what nobody knows goes to the only group of its routing domain") {
  CHECK(routed({here}) == To{0});
  CHECK(routed({elsewhere, here}) == To{1});
}

TEST_CASE("of several groups it goes to the only one with that key server") {
  CHECK(routed({here, served}) == To{1});
  CHECK(routed({here, served, elsewhere}) == To{1});
}

TEST_CASE("what may be meant for several, or for none, goes nowhere") {
  CHECK(routed({served, served}).empty());
  CHECK(routed({here, here}).empty());
  CHECK(routed({elsewhere}).empty());
  CHECK(routed({}).empty());
}

}  // namespace route_test
