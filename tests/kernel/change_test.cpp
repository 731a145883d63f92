// SPDX-License-Identifier: GPL-2.0-or-later
// Tables that are changed where they stand: the kernel never gives a table's handle again, nor, in
// the table, that of a chain, a set or a rule. So they tell what stayed from what was made anew.
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace change_test {

namespace {

using test::deny;
using test::permit;

std::unique_ptr<xfrm::Installer> installer() {
  auto opened = xfrm::Installer::open(test::ipv4_config());
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

void put(xfrm::Installer& plane, std::vector<xfrm::Entry> entries) {
  const auto done = plane.apply({std::move(entries), {}});
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
  const auto drift = plane.verify();
  REQUIRE(drift);
  CHECK(*drift == std::vector<std::string>{});
}

// Of all tables; and of this one, of chains that are hooked in, of the rules that count what was
// dropped, and of sets.
std::string handles(const std::string& table) {
  return test::output(
      "nft -j list tables; nft -a list table " + table +
      " | grep -E 'chain (inbound|tag|stash|restore|in|out|[a-z]*gress-3) |counter packets|set "
      "(wan|known|spis) '");
}

const std::string header = "ip getvpn-test", lock = "ip getvpn-test/lock",
                  device = "netdev getvpn-test/lock";

void add_wan1() {
  test::run(
      "ip link add wan1 type veth peer name provider1 && ip link set wan1 up && ip link set "
      "provider1 up");
}

TEST_CASE("another ACL leaves chains and counters of the lock where they are") {
  const test::Site site;
  const auto plane = installer();
  put(*plane, test::both_ways());
  const auto before = handles(lock), before_device = handles(device);
  CHECK(before.find("counter packets") != std::string::npos);
  put(*plane, {deny(test::site3, test::site1), permit(test::site1, test::all10),
               permit(test::all10, test::site1)});
  CHECK(handles(lock) == before);
  CHECK(handles(device) == before_device);
  put(*plane, test::both_ways());
  CHECK(handles(lock) == before);
}

TEST_CASE("another set of WAN interfaces leaves chains, sets and counters where they are") {
  const test::Site site;
  add_wan1();
  const auto plane = installer();
  put(*plane, test::both_ways());
  const auto all = test::output("nft list table " + header);
  const auto before = handles(header), before_lock = handles(lock);
  plane->cover({"wan0", "wan1"});
  put(*plane, test::both_ways());
  CHECK(handles(header) == before);
  CHECK(handles(lock) == before_lock);
  plane->cover({"wan0"});
  put(*plane, test::both_ways());
  CHECK(handles(header) == before);
  CHECK(handles(lock) == before_lock);
  CHECK(test::output("nft list table " + header) == all);
}

TEST_CASE("a table from which others took what is to be changed is made anew") {
  const test::Site site;
  add_wan1();
  const auto plane = installer();
  put(*plane, test::both_ways());
  const auto before = handles(header);
  test::run("nft 'flush chain ip getvpn-test tag-local; delete chain ip getvpn-test tag-local'");
  plane->cover({"wan0", "wan1"});
  put(*plane, test::both_ways());
  CHECK(handles(header) != before);
}

}  // namespace

}  // namespace change_test
