// SPDX-License-Identifier: GPL-2.0-or-later
// What policies and second lock say of a packet, as they are in a kernel that others change, too.
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace explain_test {

namespace {

using Does = xfrm::PolicyAnswer::Does;
using xfrm::PolicyDirection;

const xfrm::Packet sites{test::ipv4(10, 1, 0, 10), test::ipv4(10, 3, 0, 10), 17, 40000, 5000};

std::unique_ptr<xfrm::Installer> installer() {
  auto config = test::ipv4_config();
  config.own_lock = false;
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) FAIL(opened.error().message());
  const auto done = (*opened)->apply(
      {{test::deny(test::site1, {test::ipv4(10, 3, 0, 9), 32}),
        test::permit(test::site1, test::site3), test::permit(test::site3, test::site1)},
       {}});
  if (!done) FAIL(done.error().message());
  return std::move(*opened);
}

xfrm::Explanation explained(xfrm::Installer& plane, const xfrm::Packet& packet,
                            std::uint32_t mark = test::mark) {
  const auto before = test::snapshot();
  auto out = plane.explain(packet, mark);
  if (!out) FAIL(out.error().message());
  CHECK(test::snapshot() == before);
  REQUIRE(out->policies.size() == 3);
  CHECK(out->policies[0].direction == PolicyDirection::out);
  CHECK(out->policies[0].interface == "wan0");
  CHECK(out->policies[1].direction == PolicyDirection::fwd);
  CHECK(out->policies[2].direction == PolicyDirection::in);
  return *out;
}

std::vector<Does> done(const xfrm::Explanation& explanation) {
  std::vector<Does> out;
  for (const auto& answer : explanation.policies) out.push_back(answer.does);
  return out;
}

}  // namespace

TEST_CASE("what the list protects is protected, and the lock drops it in clear") {
  const test::Site site;
  const auto plane = installer();
  const auto out = explained(*plane, sites);
  CHECK(done(out) == std::vector{Does::protect, Does::protect, Does::protect});
  CHECK(out.policies[0].policy->ours);
  CHECK(out.policies[0].policy->reqid == test::reqid);
  CHECK_FALSE(out.policies[0].spi.has_value());  // no state was given
  CHECK(out.lock.installed);
  CHECK_FALSE(out.lock.passes);
  REQUIRE(out.lock.entry.has_value());
  CHECK(out.lock.entry->selector.source == test::site1);
  CHECK(out.lock.differences.empty());
}

TEST_CASE("what did not come in by the WAN has no mark, and no policy is about it") {
  const test::Site site;
  const auto plane = installer();
  const auto out = explained(*plane, sites, 0);
  CHECK(done(out) == std::vector{Does::protect, Does::clear, Does::clear});
  CHECK_FALSE(out.policies[1].policy.has_value());
}

TEST_CASE("a line that excepts comes first, and what no line is about passes") {
  const test::Site site;
  const auto plane = installer();
  auto packet = sites;
  packet.destination = test::ipv4(10, 3, 0, 9);
  const auto excepted = explained(*plane, packet);
  CHECK(done(excepted) == std::vector{Does::clear, Does::clear, Does::clear});
  CHECK(excepted.policies[0].policy->ours);
  CHECK(excepted.lock.passes);
  packet.destination = test::ipv4(10, 4, 0, 9);
  const auto other = explained(*plane, packet);
  CHECK(done(other) == std::vector{Does::clear, Does::clear, Does::clear});
  CHECK_FALSE(other.policies[0].policy.has_value());
  CHECK_FALSE(other.lock.entry.has_value());
  CHECK(other.lock.passes);
}

TEST_CASE("GDOI passes the lock whatever the list says") {
  const test::Site site;
  const auto plane = installer();
  auto packet = sites;
  packet.source_port = packet.destination_port = 848;
  CHECK(explained(*plane, packet).lock.exempt);
  CHECK(explained(*plane, packet).lock.passes);
}

TEST_CASE("another program's policy with a lower priority comes first") {
  const test::Site site;
  const auto plane = installer();
  const std::string selector = "src 10.1.0.0/16 dst 10.3.0.0/16 dir out";
  test::run("ip xfrm policy add " + selector + " priority 5");
  auto out = explained(*plane, sites);
  CHECK(out.policies[0].does == Does::clear);
  CHECK_FALSE(out.policies[0].policy->ours);
  CHECK(out.policies[0].policy->priority == 5);
  CHECK_FALSE(out.lock.passes);
  test::run("ip xfrm policy update " + selector +
            " priority 5 tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 9 mode tunnel");
  CHECK(explained(*plane, sites).policies[0].does == Does::foreign);
  test::run("ip xfrm policy update " + selector + " priority 5 action block");
  CHECK(explained(*plane, sites).policies[0].does == Does::drop);
  // Of equal priority the older counts; ours is older than one that comes now.
  const auto ours = explained(*plane, {sites.destination, sites.source, 17, 1, 2});
  const auto priority = std::to_string(ours.policies[0].policy->priority);
  test::run("ip xfrm policy add src 10.3.0.0/16 dst 10.1.0.0/16 dir out priority " + priority);
  CHECK(explained(*plane, {sites.destination, sites.source, 17, 1, 2}).policies[0].policy->ours);
}

TEST_CASE("a policy or table that somebody took away is missed, and verify() still tells of it") {
  const test::Site site;
  const auto plane = installer();
  test::run("ip xfrm policy delete src 10.1.0.0/24 dst 10.3.0.0/24 dev wan0 dir out");
  test::run(std::string{"nft delete table ip "} + test::table + "/lock");
  const auto out = explained(*plane, sites);
  CHECK(out.policies[0].does == Does::clear);
  CHECK_FALSE(out.policies[0].policy.has_value());
  REQUIRE(out.lock.differences.size() == 1);
  CHECK_THAT(out.lock.differences[0], Catch::Contains("/lock is gone"));
  CHECK(plane->verify()->size() == 2);
}

TEST_CASE("policies of equal priority count in the order in which the kernel took them") {
  const test::Site site;
  const auto plane = installer();
  auto packet = sites;
  packet.destination = test::ipv4(10, 4, 0, 9);
  test::run("ip xfrm policy add src 10.1.0.0/16 dst 10.4.0.0/16 dir out priority 7 action block");
  test::run("ip xfrm policy add src 10.1.0.0/24 dst 10.4.0.0/24 dir out priority 7 action allow");
  CHECK(explained(*plane, packet).policies[0].does == Does::drop);
}

}  // namespace explain_test
