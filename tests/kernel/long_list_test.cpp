// SPDX-License-Identifier: GPL-2.0-or-later
// Lists of so many entries that installing, changing and removing them takes a while.
#include <algorithm>
#include <cerrno>

#include "tests/kernel/installer_list.h"
#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace long_list_test {

namespace {

using test::apply;
using test::installer;
using test::lines;
using test::permit;

// A list that the kernel would keep in trees unless it is told to hash it.
std::vector<xfrm::Entry> long_list(unsigned count = 700) {
  std::vector<xfrm::Entry> out;
  for (unsigned n = 0; n < count; ++n)
    out.push_back(permit({test::ipv4(10, 20 + n / 250, n % 250, 0), 24}, test::site3));
  return out;
}

std::string hash_lengths() {
  return test::output("ip -s -s xfrm policy count | grep 'IPv4 thresholds'");
}

TEST_CASE("a long list comes and goes, and what others have is there still") {
  const test::Site site;
  test::run(
      "ip xfrm policy add src 10.20.0.0/16 dst 10.3.0.0/16 dir out priority 5; ip xfrm policy add "
      "src 10.20.3.0/24 dst 10.3.0.0/24 dir fwd priority 2000000000 mark 0x10000000 mask "
      "0xf0000000");
  const auto before = test::snapshot();
  const auto plane = installer();
  apply(*plane, long_list());
  CHECK(lines("fwd").size() == 701);
  auto other = long_list();
  std::reverse(other.begin(), other.end());
  other.resize(600);
  apply(*plane, other);
  CHECK(lines("fwd").size() == 601);
  CHECK(lines("fwd").front() == "permit 10.22.199.0/24 10.3.0.0/24");
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a long list that others took parts of away goes all the same") {
  const test::Site site;
  const auto before = test::snapshot();
  const auto plane = installer();
  apply(*plane, long_list());
  test::run(
      "for n in $(seq 0 99); do echo \"xfrm policy delete src 10.20.$n.0/24 dst 10.3.0.0/24 dir in "
      "mark 0x10000000 mask 0x10000000\"; done | ip -batch -");
  apply(*plane, test::both_ways());
  CHECK(lines("in").size() == 2);
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("policies of a long list are hashed while it is there") {
  const test::Site site;
  auto plane = installer();
  const std::string by_default = hash_lengths();
  apply(*plane, test::both_ways());
  CHECK(hash_lengths() == by_default);
  apply(*plane, long_list());
  CHECK(hash_lengths() != by_default);
  SECTION("and no longer than that") {
    apply(*plane, test::both_ways());
    REQUIRE(plane->clear());
    CHECK(hash_lengths() == by_default);
  }
  SECTION("a successor after a kill takes it back") {
    plane.reset();
    REQUIRE(installer()->clear());
    CHECK(hash_lengths() == by_default);
  }
  SECTION("and what somebody else set stays") {
    test::run("ip xfrm policy set hthresh4 20 20");
    const auto theirs = hash_lengths();
    apply(*plane, test::both_ways());
    apply(*plane, long_list());
    REQUIRE(plane->clear());
    CHECK(hash_lengths() == theirs);
  }
}

TEST_CASE("a long installation tells how far it is, and is taken back when it is given up") {
  const test::Site site;
  const auto plane = installer();
  std::vector<xfrm::Progress> told;
  bool may_go_on = true;
  plane->watch([&](const xfrm::Progress& progress) {
    told.push_back(progress);
    return may_go_on;
  });
  apply(*plane, test::both_ways());
  CHECK(told.empty());
  const auto before = test::snapshot();

  const auto in_order = [&](bool removing) {
    REQUIRE(told.size() >= 3);
    for (std::size_t i = 0; i < told.size(); ++i) {
      CHECK(told[i].removing == removing);
      CHECK(told[i].all == 700);
      CHECK(told[i].done < told[i].all);
      if (i > 0) CHECK(told[i].done > told[i - 1].done);
    }
  };
  may_go_on = false;
  auto refused = plane->apply({long_list(), {}});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ECANCELED);
  CHECK(told.size() == 1);
  CHECK(test::snapshot() == before);

  may_go_on = true;
  told.clear();
  apply(*plane, long_list());
  in_order(false);
  told.clear();
  may_go_on = false;  // a removal goes on
  REQUIRE(plane->clear());
  in_order(true);
}

}  // namespace

}  // namespace long_list_test
