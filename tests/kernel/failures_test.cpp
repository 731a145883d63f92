// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever request fails: the kernel is as before, or what is left is known and goes the next time.
// States are in esp_test.cpp.
#include "tests/kernel/failures.h"

#include "xfrm/netlink/channel.h"

namespace failures_test {

namespace {

using test::deny;
using test::permit;

std::unique_ptr<xfrm::Installer> with(xfrm::FaultInjector faults,
                                      const std::vector<xfrm::Entry>& entries) {
  auto plane = std::move(*xfrm::Installer::open(test::ipv4_config(), std::move(faults)));
  const auto done = plane->apply({entries, {}});
  if (!done) throw std::runtime_error{done.error().message()};
  return plane;
}

std::vector<xfrm::Entry> mixed() {
  return {deny(test::site1, test::site3), permit(test::site1, test::all10),
          deny(test::all10, test::site1), permit(test::site3, test::site1)};
}

TEST_CASE("a first list fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        return std::move(*xfrm::Installer::open(test::ipv4_config(), faults));
      },
      {mixed(), {}});
  CHECK(requests > 12);
}

TEST_CASE("a change of list fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) { return with(std::move(faults), mixed()); },
      {{permit(test::site3, test::site1), permit(test::site1, test::site3),
        deny(test::site3, test::all10)},
       {}});
  CHECK(requests > 9);
}

TEST_CASE("a change of what is said about multicast fails at any request") {
  const xfrm::Prefix groups{test::ipv4(239, 1, 0, 0), 16};
  const std::vector<xfrm::Entry> without = test::both_ways();
  auto with_groups = without;
  with_groups.insert(with_groups.begin(), deny(test::site3, groups));
  with_groups.push_back(permit(test::all10, groups));
  const auto check = [](const std::vector<xfrm::Entry>& from, const std::vector<xfrm::Entry>& to) {
    return test::check_every_failure(
        [&](xfrm::FaultInjector faults) { return with(std::move(faults), from); }, {to, {}});
  };
  CHECK(check(without, with_groups) > 3);
  CHECK(check(with_groups, without) > 3);
}

TEST_CASE("a successor with another list fails at any request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        with({}, mixed());  // and gone
        test::run(
            "nft add element ip getvpn-test spis '{ 4660, 4661 }'; nft add chain ip "
            "getvpn-test odd '{ type filter hook input priority 5; }'; nft add rule ip "
            "getvpn-test odd tcp dport 22 counter accept");
        return std::move(*xfrm::Installer::open(test::ipv4_config(), std::move(faults)));
      },
      {test::both_ways(), {}});
  CHECK(requests > 9);
}

TEST_CASE("a change of MTU fails at its request") {
  const int requests = test::check_every_failure(
      [](xfrm::FaultInjector faults) {
        test::run("ip route replace default via 172.16.1.1");
        auto plane = with(std::move(faults), test::both_ways());
        test::run("ip route replace default via 172.16.1.1 mtu 1400");
        return plane;
      },
      {test::both_ways(), {}});
  CHECK(requests == 1);
}

TEST_CASE("a clear that fails at any request says so, and the next one finishes it") {
  for (int k = 1;; ++k) {
    INFO("request " << k);
    const test::Site site;
    const auto before = test::snapshot();
    test::Failing failing;
    const auto plane = with(failing.injector(), mixed());
    failing.arm(k);
    const auto done = plane->clear();
    const bool hit = failing.hit();
    failing.arm(0);
    CHECK(done.has_value() != hit);
    CHECK(plane->clear());
    CHECK(test::snapshot() == before);
    if (!hit) break;
  }
}

TEST_CASE("a policy the kernel refuses amid a batch of hundreds leaves nothing of it") {
  const test::Site site;
  std::vector<xfrm::Entry> entries;
  for (unsigned i = 0; i < 500; ++i)
    entries.push_back(
        permit({test::ipv4(10, 100 + i / 250, i % 250, 0), 24}, {test::ipv4(10, 0, 0, 0), 8}));
  test::run("ip xfrm policy add src 10.101.7.0/24 dst 10.0.0.0/8 dev wan0 dir out");
  const auto before = test::snapshot();
  auto plane = std::move(*xfrm::Installer::open(test::ipv4_config()));
  const auto done = plane->apply({entries, {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "policy out, 10.101.7.0/24 to 10.0.0.0/8: File exists");
  CHECK(test::snapshot() == before);
}

// ---- the batch itself, against the real kernel

TEST_CASE("a batch stops at a barrier when something before it was refused") {
  const test::Site site;
  auto channel = std::move(*xfrm::NetlinkChannel::open(NETLINK_XFRM));
  const xfrm::Anchors anchors{test::ipv4(240, 0, 0, 1), test::ipv4(240, 0, 0, 2)};
  test::run("ip xfrm policy add src 10.1.0.0/24 dst 10.2.0.0/24 dir in");
  xfrm::Batch batch;
  batch.count = 6;
  batch.build = [&](std::size_t i, xfrm::Request& request) {
    const xfrm::Prefix to{test::ipv4(10, static_cast<unsigned>(i), 0, 0), 24};
    xfrm::put_policy(request,
                     {{xfrm::PolicyDirection::in, {test::site1, to, 0, 0, 0}, 0, 0}, {1, 0}},
                     anchors, xfrm::IfPresent::refuse);
  };
  batch.name = [](std::size_t i) { return "number " + std::to_string(i); };
  const auto count = [] { return test::output("ip xfrm policy list | grep -c '^src'"); };
  SECTION("barrier: what was sent in the same batch is done, what comes after is not") {
    batch.barrier = [](std::size_t i) { return i == 4; };
    const auto outcome = channel.run(batch);
    CHECK(outcome.sent == 4);
    REQUIRE(outcome.refused.size() == 1);
    CHECK(outcome.refused[0].index == 2);
    CHECK(outcome.refused[0].error.message() == "number 2: File exists");
    CHECK_FALSE(outcome.refused[0].unknown);
    CHECK(count() == "4\n");
  }
  SECTION("tolerated: no refusal") {
    batch.tolerated = EEXIST;
    const auto outcome = channel.run(batch);
    CHECK(outcome.sent == 6);
    CHECK(outcome.refused.empty());
    CHECK(count() == "6\n");
  }
}

TEST_CASE("a channel carries the kernel's own words") {
  const test::Site site;
  auto channel = std::move(*xfrm::NetlinkChannel::open(NETLINK_ROUTE));
  xfrm::Request request;
  request.start(20);  // RTM_NEWADDR, of no family and no interface
  static_cast<void>(request.fixed<std::array<std::byte, 8>>());
  const auto done = channel.request(request, "an address");
  REQUIRE_FALSE(done);
  CHECK(done.error().what == "an address");
  CHECK_FALSE(done.error().detail.empty());
}

}  // namespace

}  // namespace failures_test
