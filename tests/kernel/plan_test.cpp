// SPDX-License-Identifier: GPL-2.0-or-later
// What would be changed in the kernel is told before it is, and nothing is changed by telling. That
// a plan names what others changed is in drift_test.cpp; states and IPv6 are in esp_plan_test.cpp.
#include <cerrno>
#include <memory>
#include <set>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace plan_test {

namespace {

using Lines = std::multiset<std::string>;

std::unique_ptr<xfrm::Installer> opened() {
  auto config = test::ipv4_config();
  config.own_lock = false;
  auto plane = xfrm::Installer::open(std::move(config));
  if (!plane) throw std::runtime_error{plane.error().message()};
  return std::move(*plane);
}

void put(xfrm::Installer& plane, const std::vector<xfrm::Entry>& entries) {
  const auto done = plane.apply({entries, {}});
  if (!done) FAIL(done.error().message());
}

Lines lines_of(const xfrm::Result<std::vector<xfrm::PlannedChange>>& changes) {
  using Kind = xfrm::PlannedChange::Kind;
  if (!changes) FAIL(changes.error().message());
  Lines out;
  for (const auto& [kind, object, what] : *changes)
    out.insert((kind == Kind::add ? "+ " : kind == Kind::remove ? "- " : "~ ") + what);
  return out;
}

// planned also sees that the kernel is as it was.
Lines planned(xfrm::Installer& plane, const std::vector<xfrm::Entry>& entries,
              const xfrm::PlaneOptions& options = {}) {
  const auto before = test::snapshot();
  auto out = lines_of(plane.plan({entries, {}}, options));
  CHECK(test::snapshot() == before);
  const auto drift = plane.differences();
  CHECK((drift && drift->empty()));
  return out;
}

Lines about(const Lines& lines, const std::string& word) {
  Lines out;
  for (const auto& line : lines)
    if (line.find(word) != std::string::npos) out.insert(line);
  return out;
}

const xfrm::Prefix site4{test::ipv4(10, 4, 0, 0), 24};
const std::string table = "nftables table ip getvpn-test";

}  // namespace

TEST_CASE("in an empty kernel all is to be added, and nothing once it is there") {
  const test::Site site;
  const auto plane = opened();
  CHECK(planned(*plane, test::both_ways()) ==
        Lines{"+ policy in, 10.1.0.0/24 to 10.3.0.0/24", "+ policy fwd, 10.1.0.0/24 to 10.3.0.0/24",
              "+ policy out, 10.1.0.0/24 to 10.3.0.0/24", "+ policy in, 10.3.0.0/24 to 10.1.0.0/24",
              "+ policy fwd, 10.3.0.0/24 to 10.1.0.0/24",
              "+ policy out, 10.3.0.0/24 to 10.1.0.0/24", "+ " + table, "+ " + table + "/lock",
              "+ nftables table netdev getvpn-test/lock", "+ anchor address 240.0.0.1 on lo",
              "+ route to the anchor 240.0.0.2"});
  put(*plane, test::both_ways());
  CHECK(planned(*plane, test::both_ways()).empty());
}

TEST_CASE("of another list the lines that come, go and change are told") {
  const test::Site site;
  const auto plane = opened();
  put(*plane, test::both_ways());
  auto entries = test::both_ways();
  entries[0] = test::deny(test::site1, test::site3);
  entries.insert(entries.begin(), test::permit(test::site1, site4));
  const auto lines = planned(*plane, entries);
  CHECK(about(lines, "policy out") == Lines{"+ policy out, 10.1.0.0/24 to 10.4.0.0/24",
                                            "~ policy out, 10.1.0.0/24 to 10.3.0.0/24"});
  CHECK(about(lines, "priority") == Lines{"~ priority of 3 more policies, in the same order"});
  CHECK_FALSE(about(lines, table + "/lock").empty());
  CHECK(about(lines, "- policy").empty());
  put(*plane, entries);
  CHECK(planned(*plane, entries).empty());
  CHECK(about(planned(*plane, test::both_ways()), "- policy").size() == 3);
}

TEST_CASE("options that are not in force yet count in a plan, and stay out of force") {
  const test::Site site;
  const auto plane = opened();
  put(*plane, test::both_ways());
  xfrm::PlaneOptions options;
  options.precedence = 3;
  options.mss_clamp = 1200;
  const auto lines = planned(*plane, test::both_ways(), options);
  CHECK(about(lines, "priority") == Lines{"~ priority of 6 more policies, in the same order"});
  CHECK_FALSE(about(lines, table + ", ").empty());
  CHECK(planned(*plane, test::both_ways()).empty());
  plane->configure(options);
  put(*plane, test::both_ways());
  CHECK(planned(*plane, test::both_ways(), options).empty());
}

TEST_CASE("a removal takes all away, and where there is nothing it takes nothing") {
  const test::Site site;
  const auto plane = opened();
  put(*plane, test::both_ways());
  const auto before = test::snapshot();
  const auto removal = lines_of(plane->plan_removal());
  CHECK(test::snapshot() == before);
  CHECK(about(removal, "- ") == removal);
  CHECK(about(removal, "policy").size() == 6);
  CHECK(about(removal, "table").size() == 3);
  CHECK(about(removal, "anchor").size() == 2);
  CHECK(plane->clear().has_value());
  CHECK(lines_of(plane->plan_removal()).empty());
}

TEST_CASE("what apply would refuse, a plan refuses in the same words") {
  const test::Site site;
  const auto plane = opened();
  test::run("nft add table ip getvpn-test");
  const auto planned = plane->plan({test::both_ways(), {}}, {});
  REQUIRE_FALSE(planned.has_value());
  CHECK(planned.error().code == EEXIST);
  const auto applied = plane->apply({test::both_ways(), {}});
  REQUIRE_FALSE(applied.has_value());
  CHECK(planned.error().message() == applied.error().message());
}

}  // namespace plan_test
