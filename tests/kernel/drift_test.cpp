// SPDX-License-Identifier: GPL-2.0-or-later
// What others change of a plane's is noticed, named and repaired. States are in esp_drift_test.cpp.
#include <poll.h>

#include <cerrno>
#include <set>

#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"
#include "xfrm/route/links.h"

namespace drift_test {

namespace {

using Lines = std::vector<std::string>;

// What others can change everywhere: the second lock is not ours alone.
std::unique_ptr<xfrm::Installer> installer(xfrm::InstallerConfig config = test::ipv4_config()) {
  config.own_lock = false;
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

std::vector<xfrm::Entry> list() {
  auto entries = test::both_ways();
  entries.insert(entries.begin(), test::deny(test::site1, {test::ipv4(10, 3, 0, 9), 32}));
  return entries;
}

void put(xfrm::Installer& plane, const std::vector<xfrm::Entry>& entries = list()) {
  const auto done = plane.apply({entries, {}});
  if (!done) FAIL(done.error().message());
  CHECK(plane.failed_removals().empty());
}

// verified also asks for the differences first, which must be the same and leave them to be told.
Lines verified(xfrm::Installer& plane) {
  const auto differences = plane.differences();
  if (!differences) FAIL(differences.error().message());
  const auto lines = plane.verify();
  if (!lines) FAIL(lines.error().message());
  CHECK(*differences == *lines);
  return *lines;
}

// planned is what a repair would do, in the words of verify().
std::multiset<std::string> planned(xfrm::Installer& plane) {
  using Kind = xfrm::PlannedChange::Kind;
  const auto changes = plane.plan({list(), {}}, {});
  if (!changes) FAIL(changes.error().message());
  std::multiset<std::string> out;
  for (const auto& [kind, object, what] : *changes)
    out.insert(what + (kind == Kind::add      ? " is gone"
                       : kind == Kind::remove ? " was added"
                                              : " was changed"));
  return out;
}

// told waits until the kernel's events are there: they come with the change, or not at all.
bool told(xfrm::Installer& plane) {
  pollfd descriptor{plane.event_fd(), POLLIN, 0};
  const bool readable = ::poll(&descriptor, 1, 0) == 1;
  const bool changed = plane.read_events();
  if (!readable) CHECK_FALSE(changed);
  CHECK(::poll(&descriptor, 1, 0) == 0);
  return changed;
}

const std::string table = "nftables table ip getvpn-test";
const std::string lock_table = table + "/lock";
const std::string device_table = "nftables table netdev getvpn-test/lock";

TEST_CASE("before the first apply there is nothing to verify") {
  const test::Site site;
  const auto plane = installer();
  CHECK(verified(*plane).empty());
  CHECK_FALSE(told(*plane));
}

TEST_CASE("what we did ourselves is no difference and no event") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  CHECK(verified(*plane).empty());
  CHECK_FALSE(told(*plane));
  put(*plane, test::both_ways());
  CHECK(verified(*plane).empty());
  CHECK_FALSE(told(*plane));
  const auto before = test::snapshot();
  put(*plane, test::both_ways());
  CHECK(test::snapshot() == before);
}

TEST_CASE("one thing changed by others is told of, named and repaired") {
  struct Row {
    std::string command;
    Lines lines;
  };
  const std::string fwd = "src 10.1.0.0/24 dst 10.3.0.0/24 dir fwd mark 0x10000000 mask 0x10000000";
  const std::string out = "src 10.1.0.0/24 dst 10.3.0.0/24 dev wan0 dir out";
  const auto row = GENERATE_COPY(values<Row>(
      {{"ip xfrm policy delete " + fwd, {"policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"}},
       {"ip xfrm policy delete " + out, {"policy out, 10.1.0.0/24 to 10.3.0.0/24 is gone"}},
       {"ip xfrm policy update " + out + " action block",
        {"policy out, 10.1.0.0/24 to 10.3.0.0/24 was changed"}},
       {"ip xfrm policy update " + fwd + " priority 5",
        {"policy fwd, 10.1.0.0/24 to 10.3.0.0/24 was changed"}},
       {"ip xfrm policy add src 10.1.0.0/24 dst 10.4.0.0/24 dev wan0 dir out priority 1000000001",
        {"policy out, 10.1.0.0/24 to 10.4.0.0/24 was added"}},
       {"nft flush ruleset",
        {table + " is gone", lock_table + " is gone", device_table + " is gone"}},
       {"nft delete table ip getvpn-test/lock", {lock_table + " is gone"}},
       {"nft delete table netdev getvpn-test/lock", {device_table + " is gone"}},
       {"nft delete table ip getvpn-test", {table + " is gone"}},
       {"nft flush chain ip getvpn-test stash",
        {table + ", chain stash, rule 1 is gone", table + ", chain stash, rule 2 is gone"}},
       {"nft insert rule ip getvpn-test restore accept",
        {table + ", chain restore, rule 1 was changed",
         table + ", chain restore, rule 2 was added"}},
       {"nft add chain ip getvpn-test odd", {table + ", chain odd was added"}},
       {"nft chain ip getvpn-test tag '{ policy drop; }'", {table + ", chain tag was changed"}},
       {"nft add element ip getvpn-test spis '{ 4660 }'",
        {table + ", set spis, element 0x00001234 was added"}},
       {"nft delete element ip getvpn-test wan '{ wan0 }'",
        {table + ", set wan, element 0x77616e30000000000000000000000000 is gone"}},
       {"nft add table ip getvpn-test '{ flags dormant; }'", {table + " was changed"}},
       {"ip address delete 240.0.0.1/32 dev lo", {"anchor address 240.0.0.1 on lo is gone"}},
       {"ip route delete 240.0.0.2", {"route to the anchor 240.0.0.2 is gone"}},
       {"ip route change 240.0.0.2 dev wan0 proto 71 scope link mtu 1000",
        {"route to the anchor 240.0.0.2 was changed"}}}));
  const test::Site site;
  CAPTURE(row.command);
  const auto plane = installer();
  put(*plane);
  const auto before = test::snapshot();
  static_cast<void>(told(*plane));

  test::run(row.command);

  CHECK(told(*plane));
  CHECK(planned(*plane) == std::multiset<std::string>(row.lines.begin(), row.lines.end()));
  CHECK(verified(*plane) == row.lines);
  put(*plane);
  CHECK(planned(*plane).empty());
  CHECK(test::snapshot() == before);
  CHECK(verified(*plane).empty());
  CHECK_FALSE(told(*plane));
}

TEST_CASE("everything gone at once is repaired at once") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  const auto before = test::snapshot();
  test::run(
      "ip xfrm policy flush; nft flush ruleset; ip address delete 240.0.0.1/32 dev lo; ip route "
      "delete 240.0.0.2");
  CHECK(told(*plane));
  CHECK(verified(*plane).size() == 9 + 3 + 2);
  put(*plane);
  CHECK(test::snapshot() == before);
}

TEST_CASE("of a long list that is gone only some lines are told") {
  const test::Site site;
  std::vector<xfrm::Entry> entries;
  for (unsigned i = 0; i < 1000; ++i)
    entries.push_back(test::permit({test::ipv4(10, i / 250, i % 250, 0), 24}, test::all10));
  const auto plane = installer();
  put(*plane, entries);
  CHECK_FALSE(told(*plane));  // 3,000 events of our own do not overflow the socket
  test::run("ip xfrm policy flush");
  const auto lines = verified(*plane);
  REQUIRE(lines.size() == 21);
  CHECK(lines.back() == "and 2980 more policies differ");
  put(*plane, entries);
  CHECK(verified(*plane).empty());
}

TEST_CASE("a change found and not yet repaired is told again") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  test::run("ip xfrm policy flush; ip route delete 240.0.0.2; ip link set wan0 down");
  const auto lines = verified(*plane);
  CHECK(lines.size() >= 10);
  CHECK_FALSE(plane->apply({list(), {}}));
  CHECK(plane->verify()->empty());  // a failed apply() knows nothing any more, and looks afresh
  test::run("ip link set wan0 up");
  put(*plane);
  CHECK(test::read_policies().size() == 9);
}

TEST_CASE("a repair leaves what is whole alone, and other programs' objects") {
  const test::Site site;
  test::run(
      "ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir out priority 5; nft 'add table ip "
      "other { chain c { type filter hook input priority 0; }; }'");
  const auto plane = installer();
  put(*plane);
  const auto before = test::snapshot();
  const auto policies = test::read_policies();
  test::run("ip xfrm policy delete src 10.1.0.0/24 dst 10.3.0.0/24 dev wan0 dir out");
  CHECK(verified(*plane).size() == 1);
  put(*plane);
  CHECK(test::snapshot() == before);
  std::set<unsigned> kept;
  for (const auto& p : policies) kept.insert(p.index);
  std::size_t same = 0;
  for (const auto& p : test::read_policies()) same += kept.count(p.index);
  CHECK(same >= policies.size() - 1);
}

TEST_CASE("what is none of ours is no event") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  static_cast<void>(told(*plane));
  test::run(
      "ip route add 10.77.0.0/16 via 172.16.1.1; ip route delete 10.77.0.0/16; ip address add "
      "10.9.0.1/24 dev lan0; nft add table ip other; nft add chain ip other c; nft delete table ip "
      "other; ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir out priority 5; ip xfrm "
      "policy "
      "delete src 10.9.0.0/16 dst 10.8.0.0/16 dir out; ip link set lan0 mtu 1400");
  CHECK_FALSE(told(*plane));
  CHECK(verified(*plane).empty());
}

TEST_CASE("events the kernel had no room for count as a change") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  static_cast<void>(told(*plane));
  // Nothing of this concerns us, but some of it does not reach us.
  test::run(
      "seq 0 7999 | awk '{printf \"route add 10.%d.%d.0/24 dev lan0\\n\", 100+$1/250, $1%250}' | "
      "ip "
      "-batch -");
  CHECK(told(*plane));
  CHECK(verified(*plane).empty());
}

// ---- the WAN

void make_wan_anew() {
  test::run(
      "ip link delete wan0 && ip link add wan9 type veth peer name provider9 && ip link add wan0 "
      "type veth peer name provider0 && ip address add 172.16.1.2/30 dev wan0 && ip link set wan0 "
      "up && ip link set provider0 up && ip route add default via 172.16.1.1");
}

TEST_CASE("a WAN interface that is gone is named; nothing else is lost until it is back") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  static_cast<void>(told(*plane));
  test::run("ip link delete wan0");
  CHECK(told(*plane));
  const Lines gone{"interface wan0 is gone", "route to the anchor 240.0.0.2 is gone"};
  CHECK(verified(*plane) == gone);
  const auto before = test::snapshot();
  const auto done = plane->apply({list(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "interface wan0: no such interface");
  CHECK(test::snapshot() == before);
  CHECK(test::read_policies().size() == 9);
}

TEST_CASE(
    "of several WAN interfaces, those that are there are protected, and one that comes is named") {
  const test::Site site;
  auto config = test::ipv4_config();
  config.interfaces = {"wan0", "wan7"};
  const auto plane = installer(config);
  put(*plane);
  CHECK(verified(*plane).empty());
  CHECK(test::read_policies().size() == 9);
  static_cast<void>(told(*plane));
  test::run("ip link add wan7 type veth peer name provider7 && ip link set wan7 up");
  CHECK(told(*plane));
  CHECK(verified(*plane) == Lines{"interface wan7 has come"});
  put(*plane);
  CHECK(verified(*plane).empty());
  CHECK(test::read_policies().size() == 12);
  test::run("ip link delete wan7");
  CHECK(verified(*plane) == Lines{"interface wan7 is gone"});
  put(*plane);
  CHECK(verified(*plane).empty());
  CHECK(test::read_policies().size() == 9);
}

TEST_CASE(
    "a WAN interface that came back has its policies, its route and the guard's trust again") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  make_wan_anew();
  const auto lines = verified(*plane);
  CHECK(std::find(lines.begin(), lines.end(), "interface wan0 has another index") != lines.end());
  put(*plane);
  CHECK(verified(*plane).empty());
  const int index = xfrm::find_link("wan0")->index;
  const auto policies = test::read_policies();
  CHECK(policies.size() == 9);
  for (const auto& p : policies) CHECK(p.interface == (p.direction == "out" ? index : 0));
  CHECK(test::output("nft list set ip getvpn-test known").find("\"wan0\"") != std::string::npos);
  CHECK(test::output("ip route show 240.0.0.2").find("dev wan0") != std::string::npos);
}

TEST_CASE("a successor does not trust the interface that came back before its policies are there") {
  const test::Site site;
  put(*installer());
  make_wan_anew();
  const auto plane = installer();
  const auto known = [] { return test::output("nft list set ip getvpn-test known"); };
  const auto before = known();
  // What another has under our selector stops the apply() at the policies.
  test::run("ip xfrm policy add src 10.3.0.0/24 dst 10.1.0.0/24 dev wan0 dir out priority 7");
  CHECK_FALSE(plane->apply({list(), {}}));
  CHECK(known() == before);
  test::run("ip xfrm policy delete src 10.3.0.0/24 dst 10.1.0.0/24 dev wan0 dir out");
  put(*plane);
  CHECK(known() != before);
  CHECK(known().find("\"wan0\"") != std::string::npos);
}

TEST_CASE("the route follows a WAN whose MTU changed") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  static_cast<void>(told(*plane));
  test::run("ip route replace default via 172.16.1.1 mtu 1400");
  CHECK(told(*plane));
  CHECK(verified(*plane) == Lines{"route to the anchor 240.0.0.2 must follow the WAN"});
  put(*plane);
  CHECK(verified(*plane).empty());
  CHECK(test::output("ip route show 240.0.0.2").find("mtu 1400") != std::string::npos);
}

// ---- what others took for themselves

TEST_CASE("a table of another program under our name is named, and refused by name") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  test::run("nft delete table ip getvpn-test; nft add table ip getvpn-test");
  CHECK(verified(*plane) == Lines{table + " is another program's"});
  const auto done = plane->apply({list(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == table + ": another program has such a table");
  test::run("nft delete table ip getvpn-test");
  put(*plane);
  CHECK(verified(*plane).empty());
}

TEST_CASE("an anchor another took is named, and refused by name") {
  const test::Site site;
  const auto plane = installer();
  put(*plane);
  test::run("ip address add 240.0.0.1/32 dev lan0");
  const std::string taken = "anchor address 240.0.0.1 on lo: the address is in use by another";
  CHECK(verified(*plane) == Lines{taken});
  const auto done = plane->apply({list(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == taken);
  test::run("ip address delete 240.0.0.1/32 dev lan0");
  put(*plane);
  CHECK(verified(*plane).empty());
}

}  // namespace

}  // namespace drift_test
