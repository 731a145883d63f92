// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever request of a change of keys fails: the kernel is as before, or what is left is known.
#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"

namespace esp_failures_test {

namespace {

using test::cbc;

xfrm::Desired with(std::vector<xfrm::SaSpec> sas) { return {test::both_ways(), std::move(sas)}; }

std::unique_ptr<xfrm::Installer> installed(xfrm::FaultInjector faults,
                                           const xfrm::Desired& desired) {
  auto plane = std::move(*xfrm::Installer::open(test::ipv4_config(), std::move(faults)));
  const auto done = plane->apply(desired);
  if (!done) throw std::runtime_error{done.error().message()};
  return plane;
}

// look reads states and policies without starting a program for each: there are many looks. What
// the anchors and policies do when a request fails is in failures_test.cpp, on any kernel.
std::string look() {
  std::string out = test::ruleset();
  for (const auto& s : test::read_states())
    out += s.source + " " + s.destination + " " + std::to_string(s.spi) + " " +
           std::to_string(s.reqid) + " " + s.cipher + "\n";
  for (const auto& p : test::read_policies())
    out += p.direction + " " + p.source + " " + p.destination + " " + std::to_string(p.priority) +
           " " + std::to_string(p.templates.size()) + "\n";
  return out;
}

TEST_CASE("a first registration fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        return std::move(*xfrm::Installer::open(test::ipv4_config(), faults));
      },
      with({cbc(0x9001), cbc(0x9002, 1)}), look);
  CHECK(requests > 15);
}

TEST_CASE("a rekey with another list fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        return installed(std::move(faults), with({cbc(0x9001), cbc(0x9002, 1)}));
      },
      {{test::permit(test::site3, test::site1), test::deny(test::site1, test::site3)},
       {cbc(0x9002, 1), cbc(0x9003)}},
      look);
  CHECK(requests >= 12);
}

TEST_CASE("a successor's registration fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        installed({}, with({cbc(0x9001), cbc(0x9002)}));  // and gone
        return std::move(*xfrm::Installer::open(test::ipv4_config(), std::move(faults)));
      },
      {{test::permit(test::site3, test::site1)}, {cbc(0x9002), cbc(0x9003)}}, look);
  CHECK(requests > 12);
}

TEST_CASE("both families change or neither, and the one that is not needed goes") {
  const test::Site site;
  test::run("nft 'table ip6 getvpn-test { }'");
  const auto before = test::snapshot();
  auto opened = xfrm::Plane::open(test::config());
  REQUIRE(opened);
  auto desired = with({cbc(0x9001)});
  xfrm::Entry ipv6;
  for (auto* end : {&ipv6.selector.source, &ipv6.selector.destination})
    end->address.family = xfrm::Family::ipv6;
  desired.entries.push_back(ipv6);
  const auto refused = opened->apply(desired);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == EEXIST);
  CHECK(test::snapshot() == before);

  test::run("nft delete table ip6 getvpn-test");
  REQUIRE(opened->apply(desired));
  CHECK(test::read_states().size() == 4);
  CHECK(test::read_policies().size() == 9);
  desired.entries.pop_back();
  REQUIRE(opened->apply(desired));
  CHECK(test::read_states().size() == 2);
  CHECK(test::read_policies().size() == 6);
  CHECK(test::output("nft list tables | sort") ==
        "table ip getvpn-test\ntable ip getvpn-test/lock\ntable netdev getvpn-test/lock\n");
  REQUIRE(opened->clear());
}

}  // namespace

}  // namespace esp_failures_test
