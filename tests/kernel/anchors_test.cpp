// SPDX-License-Identifier: GPL-2.0-or-later
// The anchor IN, the route to OUT, and what links.h tells.
#include <cerrno>
#include <nlohmann/json.hpp>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"
#include "xfrm/route/links.h"

namespace anchors_test {

namespace {

using nlohmann::json;

std::unique_ptr<xfrm::Installer> installer(xfrm::InstallerConfig config = test::ipv4_config()) {
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

json anchor_address() {
  for (const auto& link : json::parse(test::output("ip -j address show dev lo")))
    for (const auto& address : link.at("addr_info"))
      if (address.at("local") == "240.0.0.1") return address;
  return {};
}

json anchor_route() {
  const auto routes = json::parse(test::output("ip -j -d route show 240.0.0.2"));
  return routes.empty() ? json{} : routes.at(0);
}

TEST_CASE("IN is a host address of lo with our label, OUT a host route by the WAN") {
  const test::Site site;
  const auto plane = installer();
  REQUIRE(plane->apply({}));
  const auto address = anchor_address();
  CHECK(address.at("prefixlen") == 32);
  CHECK(address.at("scope") == "host");
  CHECK(address.at("label") == "lo:getvpn-gm");
  const auto route = anchor_route();
  CHECK(route.at("dst") == "240.0.0.2");
  CHECK(route.at("dev") == "wan0");
  CHECK(route.at("protocol") == "71");
  CHECK(route.at("scope") == "link");
  CHECK_FALSE(route.contains("gateway"));
  CHECK_FALSE(route.contains("metrics"));
}

std::uint32_t route_mtu() {
  const auto route = anchor_route();
  return route.contains("metrics") ? route.at("metrics").at(0).at("mtu").get<std::uint32_t>() : 0;
}

TEST_CASE("the route follows the MTU of the WAN's own route") {
  const test::Site site;
  const auto plane = installer();
  test::run("ip route replace default via 172.16.1.1 mtu 1400");
  REQUIRE(plane->apply({}));
  CHECK(route_mtu() == 1400);
  SECTION("down") {
    test::run("ip route replace default via 172.16.1.1 mtu 1300");
    REQUIRE(plane->apply({}));
    CHECK(route_mtu() == 1300);
  }
  SECTION("and up again") {
    test::run("ip route replace default via 172.16.1.1");
    REQUIRE(plane->apply({}));
    CHECK(route_mtu() == 0);
  }
}

TEST_CASE("with several WANs the route goes by the first that is up, with the smallest MTU") {
  const test::Site site;
  test::run(
      "ip link add wan1 mtu 1380 type veth peer name provider1 && ip link set wan1 up && ip link "
      "set provider1 up");
  auto config = test::ipv4_config();
  config.interfaces = {"wan0", "wan1"};
  const auto plane = installer(config);
  REQUIRE(plane->apply({}));
  CHECK(anchor_route().at("dev") == "wan0");
  CHECK(route_mtu() == 1380);
  SECTION("the first goes down, and its routes with it") {
    test::run("ip link set wan0 down");
    REQUIRE(plane->apply({}));
    CHECK(anchor_route().at("dev") == "wan1");
    CHECK(route_mtu() == 0);
  }
}

TEST_CASE("a WAN without a default route will do") {
  const test::Site site;
  test::run("ip route delete default");
  const auto plane = installer();
  REQUIRE(plane->apply({}));
  CHECK(anchor_route().at("dev") == "wan0");
}

TEST_CASE("no WAN interface up is refused, and nothing is left") {
  const test::Site site;
  test::run("ip link set wan0 down");
  const auto before = test::snapshot();
  const auto done = installer()->apply({test::both_ways(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "route to the anchor 240.0.0.2: no WAN interface is up");
  CHECK(test::snapshot() == before);
}

TEST_CASE("interfaces that are all missing are refused by name, and nothing is left") {
  const test::Site site;
  auto config = test::ipv4_config();
  config.interfaces = {"wan7", "wan8"};
  const auto before = test::snapshot();
  const auto plane = installer(config);
  const auto done = plane->apply({test::both_ways(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() == "interface wan8: no such interface");
  CHECK(test::snapshot() == before);
  const auto probed = plane->probe();
  REQUIRE_FALSE(probed);
  CHECK(probed.error().message() == "interface wan8: no such interface");
}

TEST_CASE("an anchor address another has is refused and stays") {
  const test::Site site;
  const auto device = GENERATE(as<std::string>{}, "lo", "lan0");
  test::run("ip address add 240.0.0.1/32 dev " + device);
  const auto before = test::snapshot();
  const auto plane = installer();
  const auto done = plane->apply({test::both_ways(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().code == EEXIST);
  CHECK(done.error().message() ==
        "anchor address 240.0.0.1 on lo: the address is in use by another");
  CHECK(test::snapshot() == before);
  CHECK_FALSE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a route to the anchor another has is refused and stays") {
  const test::Site site;
  test::run("ip route add 240.0.0.2/32 dev lan0 proto static");
  const auto before = test::snapshot();
  const auto done = installer()->apply({test::both_ways(), {}});
  REQUIRE_FALSE(done);
  CHECK(done.error().message() ==
        "route to the anchor 240.0.0.2: another program has such a route");
  CHECK(test::snapshot() == before);
}

TEST_CASE("wider routes for the anchor's address are no hindrance and stay") {
  const test::Site site;
  test::run("ip route add blackhole 240.0.0.0/4");
  const auto before = test::snapshot();
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));
  CHECK(anchor_route().at("dev") == "wan0");
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a predecessor's anchors are taken over") {
  const test::Site site;
  const auto before = test::snapshot();
  REQUIRE(installer()->apply({}));
  const auto with = test::snapshot();
  const auto plane = installer();
  REQUIRE(plane->apply({}));
  CHECK(test::snapshot() == with);
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

// ---- links.h

TEST_CASE("the path to an address is the kernel's choice") {
  const test::Site site;
  const auto path = xfrm::path_to(test::ipv4(10, 0, 0, 5));
  REQUIRE(path);
  CHECK(path->interface == "wan0");
  CHECK(path->index == xfrm::find_link("wan0")->index);
  CHECK(path->source == test::ipv4(172, 16, 1, 2));
  CHECK(path->gateway);
  CHECK(path->next_hop == test::ipv4(172, 16, 1, 1));
  CHECK(path->mtu == 1500);
}

TEST_CASE("a neighbour's path has no gateway") {
  const test::Site site;
  const auto path = xfrm::path_to(test::ipv4(10, 1, 0, 10));
  REQUIRE(path);
  CHECK(path->interface == "lan0");
  CHECK_FALSE(path->gateway);
}

TEST_CASE("a path can be forced out of an interface, and has the smaller of both MTUs") {
  const test::Site site;
  test::run("ip link set lan0 mtu 1300");
  const auto path = xfrm::path_to(test::ipv4(10, 0, 0, 5), "lan0");
  REQUIRE(path);
  CHECK(path->interface == "lan0");
  CHECK(path->mtu == 1300);
  test::run("ip route add 10.0.0.0/24 via 172.16.1.1 mtu 1200");
  CHECK(xfrm::path_to(test::ipv4(10, 0, 0, 5))->mtu == 1200);
}

TEST_CASE("no route, a blackhole and a missing interface are errors that say so") {
  const test::Site site;
  test::run("ip route delete default; ip route add blackhole 10.7.0.0/16");
  const auto none = xfrm::path_to(test::ipv4(10, 0, 0, 5));
  REQUIRE_FALSE(none);
  CHECK(none.error().what == "route to 10.0.0.5");
  CHECK_FALSE(xfrm::path_to(test::ipv4(10, 7, 0, 1)));
  const auto missing = xfrm::path_to(test::ipv4(10, 0, 0, 5), "wan7");
  REQUIRE_FALSE(missing);
  CHECK(missing.error().message() == "interface wan7: no such interface");
}

TEST_CASE("a link is found with its MTU and whether it is up") {
  const test::Site site;
  test::run("ip link set lan0 mtu 1450 down");
  const auto link = xfrm::find_link("lan0");
  REQUIRE(link);
  CHECK(link->name == "lan0");
  CHECK(link->mtu == 1450);
  CHECK_FALSE(link->up);
  CHECK(xfrm::find_link("wan0")->up);
  for (const char* name : {"", "nothing", "a-name-that-is-far-too-long"}) {
    const auto none = xfrm::find_link(name);
    REQUIRE_FALSE(none);
    CHECK(none.error().code == ENODEV);
  }
}

}  // namespace

}  // namespace anchors_test
