// SPDX-License-Identifier: GPL-2.0-or-later
// The second lock's tables: the member's alone while it runs, nobody's afterwards. Kernels before
// 6.9 have no such tables; there nft may take them away at any time, and may do so here.
#include <sys/utsname.h>

#include <cstdio>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace lock_owner_test {

namespace {

bool kernel_has_owners() {
  utsname name{};
  int major = 0, minor = 0;
  REQUIRE(::uname(&name) == 0);
  REQUIRE(std::sscanf(name.release, "%d.%d", &major, &minor) == 2);
  return major > 6 || (major == 6 && minor >= 9);
}

std::unique_ptr<xfrm::Installer> installer(xfrm::InstallerConfig config = test::ipv4_config()) {
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

void put(xfrm::Installer& plane, std::vector<xfrm::Entry> entries = test::both_ways()) {
  const auto done = plane.apply({std::move(entries), {}});
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
}

// refused runs a command of nft's and tells whether the kernel refused it.
bool refused(const std::string& command) {
  return test::output(command + " 2>/dev/null && echo done || echo refused") == "refused\n";
}

std::string tables() { return test::output("nft list tables | sort"); }

// The kernel never gives a number again, so these tell the tables from others like them.
std::string handles() {
  return test::output(
      "for family in ip netdev; do nft -a list table $family getvpn-test/lock; done | grep -o "
      "'handle [0-9]*'");
}

const std::string locks = "table ip getvpn-test/lock\ntable netdev getvpn-test/lock\n";
const std::string all = "table ip getvpn-test\n" + locks;

TEST_CASE("while the member runs nobody else takes its lock away") {
  const test::Site site;
  const auto before = test::snapshot();
  const auto plane = installer();
  put(*plane);
  CHECK(tables() == all);
  const bool owned = kernel_has_owners();
  CHECK(refused("nft delete table ip getvpn-test/lock") == owned);
  CHECK(refused("nft delete table netdev getvpn-test/lock") == owned);
  CHECK(refused("nft flush table ip getvpn-test/lock") == true);  // nobody's, or gone
  test::run("nft flush ruleset");
  CHECK(tables() == (owned ? locks : ""));

  const auto told = plane->verify();
  REQUIRE(told);
  CHECK(told->size() == (owned ? 1 : 3));
  put(*plane);
  CHECK(tables() == all);
  CHECK(plane->verify()->empty());
  put(*plane, {test::permit(test::site1, test::all10)});
  CHECK(plane->verify()->empty());
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a lock that is left is nobody's, and a successor's as it is") {
  const test::Site site;
  const auto before = test::snapshot();
  put(*installer());
  CHECK(tables() == all);
  SECTION("anybody may delete it") {
    test::run("nft delete table ip getvpn-test/lock; nft flush ruleset");
    CHECK(tables().empty());
    REQUIRE(installer()->clear());
  }
  SECTION("a successor keeps it, and is its owner") {
    const auto left = handles();
    const auto successor = installer();
    put(*successor);
    CHECK(handles() == left);
    CHECK(refused("nft delete table ip getvpn-test/lock") == kernel_has_owners());
    static_cast<void>(successor->verify());
    REQUIRE(successor->clear());
  }
  SECTION("a successor removes it") { REQUIRE(installer()->clear()); }
  SECTION("a successor with another list has its own in its place") {
    const auto successor = installer();
    put(*successor, {test::permit(test::site1, test::all10)});
    CHECK(refused("nft delete table netdev getvpn-test/lock") == kernel_has_owners());
    REQUIRE(successor->clear());
  }
  CHECK(test::snapshot() == before);
}

TEST_CASE("a lock that an earlier version made becomes one that has an owner") {
  const test::Site site;
  auto earlier = test::ipv4_config();
  earlier.own_lock = false;
  put(*installer(earlier));
  const auto plane = installer();
  put(*plane);
  CHECK(refused("nft delete table ip getvpn-test/lock") == kernel_has_owners());
  CHECK(refused("nft delete table netdev getvpn-test/lock") == kernel_has_owners());
  static_cast<void>(plane->verify());
  put(*plane);
  CHECK(plane->verify()->empty());
}

}  // namespace

}  // namespace lock_owner_test
