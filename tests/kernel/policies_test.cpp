// SPDX-License-Identifier: GPL-2.0-or-later
// Policies as the kernel holds them. No ESP needed: there are no states.
#include <cerrno>

#include "tests/kernel/installer_list.h"
#include "tests/kernel/kernel_reader.h"
#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"
#include "xfrm/route/links.h"

namespace policies_test {

namespace {

using test::apply;
using test::deny;
using test::installer;
using test::lines;
using test::permit;

int index_of(const std::string& name) { return xfrm::find_link(name)->index; }

TEST_CASE("a permit is a policy out by the WAN, and fwd and in by the mark") {
  const test::Site site;
  const auto plane = installer();
  auto entry = permit(test::site1, test::site3, 2);
  entry.selector.protocol = 17;
  entry.selector.source_port = 68;
  entry.selector.destination_port = 53;

  apply(*plane, {entry});

  const auto policies = test::read_policies();
  REQUIRE(policies.size() == 3);
  for (const auto& p : policies) {
    CHECK(p.source == "10.1.0.0/24");
    CHECK(p.destination == "10.3.0.0/24");
    CHECK(p.protocol == 17);
    CHECK(p.source_port == 68);
    CHECK(p.destination_port == 53);
    CHECK(p.allow);
    REQUIRE(p.templates.size() == 1);
    CHECK(p.templates[0].esp);
    CHECK(p.templates[0].tunnel);
    CHECK(p.templates[0].required);
    CHECK(p.templates[0].reqid == test::reqid + 2);
    const bool out = p.direction == "out";
    CHECK(p.interface == (out ? index_of("wan0") : 0));
    CHECK(p.mark == (out ? 0 : test::mark));
    CHECK(p.mask == (out ? 0 : test::mark));
    CHECK(p.templates[0].source == (out ? "240.0.0.1" : "0.0.0.0"));
    CHECK(p.templates[0].destination == (out ? "240.0.0.2" : "0.0.0.0"));
  }
  CHECK(lines("in").size() == 1);
  CHECK(lines("fwd").size() == 1);
  CHECK(lines("out").size() == 1);
}

TEST_CASE("a deny is allowed without a template, in its place of the list") {
  const test::Site site;
  const auto plane = installer();
  apply(*plane, {deny(test::site1, test::site3), permit(test::site1, test::all10),
                 deny(test::all10, test::all10), permit(test::anywhere, test::anywhere)});
  // The first is for multicast that the kernel forwards.
  const std::vector<std::string> expected{
      "permit 0.0.0.0/0 224.0.0.0/4", "deny 10.1.0.0/24 10.3.0.0/24",
      "permit 10.1.0.0/24 10.0.0.0/8", "deny 10.0.0.0/8 10.0.0.0/8", "permit 0.0.0.0/0 0.0.0.0/0"};
  for (const char* direction : {"in", "fwd", "out"}) CHECK(lines(direction) == expected);
  for (const auto& p : test::read_policies()) CHECK(p.allow);
}

TEST_CASE(
    "a discard drops in every direction, an optional template asks for nothing but takes our "
    "states") {
  const test::Site site;
  const auto plane = installer();
  auto blocked = permit(test::site1, test::site3), accepted = permit(test::site3, test::site1, 2);
  blocked.action = xfrm::Entry::Action::discard;
  accepted.action = xfrm::Entry::Action::protect_inbound_optional;
  apply(*plane, {blocked, accepted});
  const auto policies = test::read_policies();
  REQUIRE(policies.size() == 6);
  for (const auto& p : policies) {
    CHECK(p.mark == (p.direction == "out" ? 0 : test::mark));
    CHECK(p.interface == (p.direction == "out" ? index_of("wan0") : 0));
    CHECK(p.allow == (p.source == "10.3.0.0/24"));
    if (!p.allow || p.direction == "out") {
      CHECK(p.templates.empty());
      continue;
    }
    REQUIRE(p.templates.size() == 1);
    CHECK(p.templates[0].reqid == test::reqid + 2);
    CHECK_FALSE(p.templates[0].required);
  }
  // The kernel's own words for it.
  const auto text = test::output("ip xfrm policy");
  CHECK(text.find("action block") != std::string::npos);
  CHECK(text.find("level use") != std::string::npos);
}

TEST_CASE("a successor knows all four kinds again, and adopts or clears them") {
  const test::Site site;
  const auto before = test::snapshot();
  std::vector<xfrm::Entry> entries;
  for (const auto action :
       {xfrm::Entry::Action::protect, xfrm::Entry::Action::bypass, xfrm::Entry::Action::discard,
        xfrm::Entry::Action::protect_inbound_optional}) {
    entries.push_back(
        permit({test::ipv4(10, static_cast<unsigned>(action) + 1, 0, 0), 16}, test::all10, 1));
    entries.back().action = action;
  }
  apply(*installer(), entries);
  const auto with = test::snapshot();
  const auto policies = test::read_policies();
  REQUIRE(policies.size() == 12);
  const auto successor = installer();
  SECTION("adopted, not touched") {
    apply(*successor, entries);
    CHECK(test::snapshot() == with);
    const auto now = test::read_policies();
    for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i].index == policies[i].index);
  }
  SECTION("cleared") {
    REQUIRE(successor->clear());
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("of two lines with equal selectors the kernel holds the first") {
  const test::Site site;
  const auto plane = installer();
  apply(*plane, {deny(test::site1, test::site3), permit(test::site1, test::site3)});
  CHECK(lines("out") == std::vector<std::string>{"deny 10.1.0.0/24 10.3.0.0/24"});
}

TEST_CASE("every WAN interface has its policies out, and they share fwd and in") {
  const test::Site site;
  test::run(
      "ip link add wan1 type veth peer name provider1 && ip link set wan1 up && ip link set "
      "provider1 up");
  auto config = test::ipv4_config();
  config.interfaces = {"wan0", "wan1"};
  const auto plane = installer(config);
  apply(*plane, test::both_ways());
  CHECK(lines("out").size() == 4);
  CHECK(lines("fwd").size() == 2);
  CHECK(lines("in").size() == 2);
}

TEST_CASE("the same list again asks the kernel for nothing") {
  const test::Site site;
  int requests = 0;
  auto plane = *xfrm::Installer::open(test::ipv4_config(), [&] {
    ++requests;
    return 0;
  });
  apply(*plane, test::both_ways());
  const auto before = test::snapshot();
  requests = 0;
  apply(*plane, test::both_ways());
  CHECK(requests == 0);
  CHECK(test::snapshot() == before);
}

TEST_CASE("a changed list replaces the old one and leaves nothing of it") {
  const test::Site site;
  const auto plane = installer();
  apply(*plane, {permit(test::site1, test::site3), permit(test::site3, test::site1),
                 deny(test::all10, test::all10)});
  apply(*plane, {deny(test::site3, test::site1), permit(test::site1, test::all10),
                 permit(test::site1, test::site3)});
  for (const char* direction : {"in", "fwd", "out"})
    CHECK(lines(direction) == std::vector<std::string>{"deny 10.3.0.0/24 10.1.0.0/24",
                                                       "permit 10.1.0.0/24 10.0.0.0/8",
                                                       "permit 10.1.0.0/24 10.3.0.0/24"});
  apply(*plane, {});
  CHECK(test::read_policies().empty());
}

TEST_CASE("a WAN interface that was made anew gets its policies") {
  const test::Site site;
  const auto plane = installer();
  apply(*plane, test::both_ways());
  test::run(
      "ip link delete wan0 && ip link add wan9 type veth peer name provider9 && ip link add wan0 "
      "type veth peer name "
      "provider0 && ip link set wan0 up && ip link set provider0 up");
  apply(*plane, test::both_ways());
  std::size_t out = 0;
  for (const auto& p : test::read_policies())
    if (p.direction == "out") {
      CHECK(p.interface == index_of("wan0"));
      ++out;
    }
  CHECK(out == 2);
}

// ---- others beside us

constexpr const char* foreign_policies =
    "ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir out priority 1000000005 "
    "tmpl src 192.0.2.1 dst 192.0.2.2 proto esp reqid 7001 mode tunnel && "
    "ip xfrm policy add src 10.9.0.0/16 dst 10.8.0.0/16 dir fwd priority 1000000005 && "
    "ip xfrm policy add src 10.9.0.0/16 dst 10.7.0.0/16 dir in action block priority 1000000006 "
    "mark 0x20000000 mask 0x20000000 && "
    "ip xfrm policy add src 10.9.0.0/16 dst 10.5.0.0/16 dir in action block priority 6 "
    "mark 0x10000000 mask 0x10000000 && "
    "ip xfrm policy add src 10.9.0.0/16 dst 10.6.0.0/16 dev wan0 dir out priority 5";

TEST_CASE("policies of others are left alone, whatever they resemble") {
  const test::Site site;
  test::run(foreign_policies);
  const auto before = test::snapshot();
  const auto plane = installer();
  apply(*plane, test::both_ways());
  CHECK(test::read_policies().size() == 5 + 6);
  apply(*plane, {deny(test::site1, test::site3)});
  CHECK(test::read_policies().size() == 5 + 3);
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a selector another program has already is refused by name, and all is as before") {
  const test::Site site;
  // The same selector, interface and mark as our second line's; but no template of ours.
  const auto [command, name] = GENERATE(table<std::string, std::string>(
      {{"ip xfrm policy add src 10.3.0.0/24 dst 10.1.0.0/24 dev wan0 dir out priority 7",
        "policy out, 10.3.0.0/24 to 10.1.0.0/24"},
       {"ip xfrm policy add src 10.3.0.0/24 dst 10.1.0.0/24 dir fwd priority 7 mark 0x10000000 "
        "mask "
        "0x10000000",
        "policy fwd, 10.3.0.0/24 to 10.1.0.0/24"}}));
  test::run(command);
  const auto before = test::snapshot();
  const auto plane = installer();

  const auto done = plane->apply({test::both_ways(), {}});

  REQUIRE_FALSE(done);
  CHECK(done.error().code == EEXIST);
  CHECK(done.error().message() == name + ": File exists");
  CHECK(test::snapshot() == before);

  SECTION("also when it would come by a change of list") {
    apply(*plane, {permit(test::site1, test::site3)});
    const auto first = test::snapshot();
    CHECK_FALSE(plane->apply({test::both_ways(), {}}));
    CHECK(test::snapshot() == first);
  }
  SECTION("and once it is gone the list goes in") {
    test::run("ip xfrm policy deleteall");
    apply(*plane, test::both_ways());
  }
}

TEST_CASE("a predecessor's list is adopted when it is the wanted one") {
  const test::Site site;
  apply(*installer(), test::both_ways());
  const auto before = test::snapshot();
  const auto policies = test::read_policies();

  const auto successor = installer();
  apply(*successor, test::both_ways());

  CHECK(test::snapshot() == before);
  const auto now = test::read_policies();
  REQUIRE(now.size() == policies.size());
  for (std::size_t i = 0; i < now.size(); ++i) CHECK(now[i].index == policies[i].index);
}

TEST_CASE("a predecessor's other list is replaced, and cleared by its successor") {
  const test::Site site;
  const auto before = test::snapshot();
  apply(*installer(), {permit(test::site1, test::all10), deny(test::site1, test::site3),
                       permit(test::site3, test::site1)});
  const auto successor = installer();
  SECTION("replaced") {
    apply(*successor, test::both_ways());
    CHECK(lines("out") == std::vector<std::string>{"permit 10.1.0.0/24 10.3.0.0/24",
                                                   "permit 10.3.0.0/24 10.1.0.0/24"});
    CHECK(lines("in").size() == 2);
    REQUIRE(successor->clear());
  }
  SECTION("cleared at once") { REQUIRE(successor->clear()); }
  CHECK(test::snapshot() == before);
}

TEST_CASE("clearing what is not there is no error, nor is clearing twice") {
  const test::Site site;
  const auto before = test::snapshot();
  const auto plane = installer();
  CHECK(plane->clear());
  apply(*plane, test::both_ways());
  test::run("ip xfrm policy deleteall; nft flush ruleset; ip route delete 240.0.0.2");
  CHECK(plane->clear());
  CHECK(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("after clear the plane can be used again") {
  const test::Site site;
  const auto plane = installer();
  apply(*plane, test::both_ways());
  const auto installed = test::snapshot();
  REQUIRE(plane->clear());
  apply(*plane, test::both_ways());
  CHECK(test::snapshot() == installed);
}

TEST_CASE("two groups live beside each other") {
  const test::Site site;
  auto other = test::ipv4_config();
  other.name = "getvpn-other";
  other.reqid = test::reqid + xfrm::max_key_classes;
  other.anchors.in = test::ipv4(240, 0, 0, 3);
  other.anchors.out = test::ipv4(240, 0, 0, 4);
  other.mark = 0x08000000;
  other.owner = other.options.precedence = 1;
  const auto one = installer();
  const auto two = installer(other);
  apply(*one, {permit(test::site1, test::site3)});
  const auto with_one = test::snapshot();
  // Also with the same line, which the kernel would else take for the same policy.
  apply(*two, {permit(test::site1, test::site3), permit(test::site1, test::all10)});
  CHECK(test::read_policies().size() == 9);
  CHECK(one->verify()->empty());
  CHECK(two->verify()->empty());
  REQUIRE(two->clear());
  CHECK(test::snapshot() == with_one);
}

}  // namespace

}  // namespace policies_test
