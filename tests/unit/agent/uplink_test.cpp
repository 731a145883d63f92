// SPDX-License-Identifier: GPL-2.0-or-later
// Where key servers are reached, asked of the kernel's own routing in a network namespace.
#include "agent/kernel/uplink.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace uplink_test {

namespace {

using agent::resolve_uplink;

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error{command};
}

gdoi::Address address(const char* text) {
  const auto ipv4 = agent::parse_ipv4(text);
  return ipv4 ? *ipv4 : agent::parse_ipv6(text).value();
}

std::vector<agent::KeyServer> servers(std::initializer_list<const char*> addresses) {
  std::vector<agent::KeyServer> out;
  for (const char* text : addresses) out.push_back({{address(text), 848}, {}});
  return out;
}

// Router has wan0 towards 172.16.1.0/30 and wan1 towards 172.16.2.0/30 and 2001:db8:2::/64, and no
// default route.
struct Router {
  Router() {
    run("for wan in wan0 wan1; do ip link add $wan type veth peer name far-$wan && "
        "ip link set $wan up && ip link set far-$wan up || exit 1; done");
    run("ip address add 172.16.1.2/30 dev wan0 && ip address add 172.16.2.2/30 dev wan1 && "
        "ip address add 2001:db8:2::2/64 dev wan1 nodad");
  }
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;
  ~Router() {
    static_cast<void>(
        std::system("ip link delete wan0; ip link delete wan1; ip link delete red 2>&1 | :"));
  }
};

TEST_CASE("the uplink is the interfaces of all key servers with a route") {
  const Router router;
  run("ip route add 10.9.0.0/24 via 172.16.2.1");
  const auto uplink =
      resolve_uplink(servers({"192.0.2.1", "10.9.0.1", "172.16.1.1"}), {{}, {}, {}, {}, {}});
  REQUIRE(uplink);
  CHECK(uplink->interfaces == std::vector<std::string>{"wan1", "wan0"});
  CHECK(uplink->source == address("172.16.2.2"));
  REQUIRE(uplink->sources.size() == 3);
  CHECK_FALSE(uplink->sources[0]);
  CHECK(uplink->sources[1] == address("172.16.2.2"));
  CHECK(uplink->sources[2] == address("172.16.1.2"));
  CHECK(uplink->vrf.empty());
  CHECK(uplink->inside_vrf.empty());
}

TEST_CASE("IPv6 key servers are reached from an IPv6 address") {
  const Router router;
  const auto uplink = resolve_uplink(servers({"2001:db8:2::9"}), {{}, {}, {}, {}, {}});
  REQUIRE(uplink);
  CHECK(uplink->source == address("2001:db8:2::2"));
  CHECK(uplink->interfaces == std::vector<std::string>{"wan1"});
}

TEST_CASE("the source that is configured is taken, whatever the route would choose") {
  using agent::Source;
  const Router router;
  run("ip link add lo7 type dummy && ip link set lo7 up || ip link add lo7 type veth peer name "
      "far-lo7");
  run("ip address add 10.255.0.1/32 dev lo7 && ip address add 2001:db8:7::1/128 dev lo7 nodad");
  const auto both = servers({"172.16.1.1", "2001:db8:2::9"});
  const auto from = [&](std::vector<Source> choice) {
    return resolve_uplink(both, {{}, {}, {}, {}, choice});
  };
  const auto by_name = from({std::string{"lo7"}});
  REQUIRE(by_name);
  CHECK(by_name->source == address("10.255.0.1"));
  CHECK(by_name->sources ==
        std::vector<std::optional<gdoi::Address>>{address("10.255.0.1"), address("2001:db8:7::1")});
  CHECK(by_name->interfaces == std::vector<std::string>{"wan0", "wan1"});

  const auto one_family = from({address("2001:db8:7::1")});
  REQUIRE(one_family);
  CHECK_FALSE(one_family->sources[0]);
  CHECK(one_family->source == address("2001:db8:7::1"));
  CHECK(one_family->interfaces == std::vector<std::string>{"wan1"});

  const auto second =
      from({std::string{"lo8"}, address("10.255.0.9"), address("172.16.2.2"), std::string{"wan1"}});
  REQUIRE(second);
  CHECK(second->source == address("172.16.2.2"));
  CHECK(second->sources[1] == address("2001:db8:2::2"));

  const auto none = resolve_uplink(servers({"172.16.1.1"}),
                                   {{}, {}, {}, {}, {std::string{"lo8"}, address("10.255.0.9")}});
  REQUIRE_FALSE(none);
  CHECK(none.error().what ==
        "source: interface lo8 has no IPv4 address; 10.255.0.9 is not an address of this machine");

  run("ip link set lo up && ip address add 240.0.0.1/32 dev lo && ip address add 10.255.0.7/32 dev "
      "lo");
  CHECK(agent::chosen_source(std::vector<Source>{std::string{"lo"}}, gdoi::Address::Family::ipv4) ==
        address("10.255.0.7"));
  run("ip address del 240.0.0.1/32 dev lo && ip address del 10.255.0.7/32 dev lo");

  run("ip address del 10.255.0.1/32 dev lo7 && ip address add 10.255.0.2/32 dev lo7");
  CHECK(agent::chosen_source(std::vector<Source>{std::string{"lo7"}},
                             gdoi::Address::Family::ipv4) == address("10.255.0.2"));
  run("ip link delete lo7");
}

TEST_CASE("configured interfaces are kept, wherever the route leads") {
  const Router router;
  SECTION("one that is not there yet does no harm") {
    const auto uplink = resolve_uplink(servers({"172.16.1.1"}), {{}, {"ppp0", "wan1"}, {}, {}, {}});
    REQUIRE(uplink);
    CHECK(uplink->interfaces == std::vector<std::string>{"ppp0", "wan1"});
    CHECK(uplink->source == address("172.16.1.2"));
  }
  SECTION("none there is an error that names it") {
    const auto uplink = resolve_uplink(servers({"172.16.1.1"}), {{}, {"ppp0"}, {}, {}, {}});
    REQUIRE_FALSE(uplink);
    CHECK(uplink.error().what == "interface ppp0: no such interface");
  }
}

TEST_CASE("without a route to any key server the last one tried is named") {
  const Router router;
  const auto uplink = resolve_uplink(servers({"192.0.2.1", "192.0.2.2"}), {{}, {}, {}, {}, {}});
  REQUIRE_FALSE(uplink);
  CHECK(uplink.error().what == "route to 192.0.2.2: Network is unreachable");
}

TEST_CASE("a key server that is this machine itself is none") {
  const Router router;
  const auto alone = resolve_uplink(servers({"172.16.1.2"}), {{}, {}, {}, {}, {}});
  REQUIRE_FALSE(alone);
  CHECK(alone.error().what == "172.16.1.2 is an address of this machine");
  const auto first_of_two =
      resolve_uplink(servers({"172.16.1.2", "172.16.2.1"}), {{}, {}, {}, {}, {}});
  REQUIRE(first_of_two);
  CHECK_FALSE(first_of_two->sources[0]);
  CHECK(first_of_two->source == address("172.16.2.2"));
}

TEST_CASE("the VRF of the WAN is found, and key servers are looked for in the configured one") {
  const Router router;
  if (std::system("ip link add red type vrf table 10 2>/dev/null") != 0) {
    WARN("this kernel has no VRF");
    return;
  }
  run("ip link set red up && ip link set wan1 master red");
  const auto inside = resolve_uplink(servers({"172.16.2.1"}), {"red", {}, {}, {}, {}});
  REQUIRE(inside);
  CHECK(inside->vrf == "red");
  CHECK(inside->inside_vrf == "red");
  CHECK(inside->interfaces == std::vector<std::string>{"wan1"});
  const auto front = resolve_uplink(servers({"172.16.1.1"}), {{}, {"wan1"}, {}, {}, {}});
  REQUIRE(front);
  CHECK(front->vrf.empty());
  CHECK(front->inside_vrf == "red");
  CHECK_FALSE(resolve_uplink(servers({"172.16.2.1"}), {{}, {}, {}, {}, {}}));
  CHECK_FALSE(resolve_uplink(servers({"172.16.2.2"}), {"red", {}, {}, {}, {}}));
}

TEST_CASE("all next hops to key servers and all default routes are ways out") {
  const Router router;
  run("ip route add 10.9.0.0/24 nexthop via 172.16.2.1 nexthop via 172.16.1.1");
  using Names = std::vector<std::string>;
  const auto sorted = [](Names names) {
    std::sort(names.begin(), names.end());
    return names;
  };
  SECTION("two next hops to a key server") {
    const auto uplink = resolve_uplink(servers({"10.9.0.1"}), {{}, {}, {}, {}, {}});
    REQUIRE(uplink);
    CHECK(sorted(uplink->interfaces) == Names{"wan0", "wan1"});
    CHECK(agent::advice(*uplink).empty());
  }
  SECTION("default routes of both families, in any table") {
    CHECK(agent::default_interfaces({}).value().empty());
    run("ip route add default via 172.16.1.1 table 77 && ip -6 route add default dev wan1");
    CHECK(sorted(agent::default_interfaces({}).value()) == Names{"wan0", "wan1"});
    run("ip route flush table 77");
    CHECK(agent::default_interfaces({}).value() == Names{"wan1"});
  }
  SECTION("what was a WAN interface stays one while it exists") {
    const auto uplink =
        resolve_uplink(servers({"172.16.1.1"}), {{}, {}, {"wan0"}, {"wan1", "ppp0"}, {}});
    REQUIRE(uplink);
    CHECK(uplink->interfaces == Names{"wan1", "wan0"});
  }
}

TEST_CASE("the beginning of a name stands for all that there are") {
  const Router router;
  const auto uplink = resolve_uplink(servers({"172.16.1.1"}), {{}, {"wan*", "ppp0"}, {}, {}, {}});
  REQUIRE(uplink);
  CHECK(uplink->interfaces == std::vector<std::string>{"wan0", "wan1", "ppp0"});
  const auto none = resolve_uplink(servers({"172.16.1.1"}), {{}, {"ppp*"}, {}, {}, {}});
  REQUIRE_FALSE(none);
  CHECK(none.error().what == "no interface is called ppp*");
  const std::vector<std::string> chosen{"eth0", "ppp*"};
  CHECK(agent::beginnings(chosen) == std::vector<std::string>{"ppp"});
}

TEST_CASE("a way out that is not protected is told of") {
  const Router router;
  const auto uplink = resolve_uplink(servers({"172.16.1.1"}), {{}, {"wan1"}, {"wan0"}, {}, {}});
  REQUIRE(uplink);
  CHECK(agent::advice(*uplink) ==
        "traffic may leave by wan0, which is not protected: a key server or a default route lies "
        "there. Add 'interface = wan0', or leave 'interface' out");
}

TEST_CASE("an address is local as long as an interface has it") {
  const Router router;
  CHECK(agent::is_local(address("172.16.1.2")));
  CHECK(agent::is_local(address("2001:db8:2::2")));
  CHECK_FALSE(agent::is_local(address("172.16.1.1")));
  run("ip address del 172.16.1.2/30 dev wan0");
  CHECK_FALSE(agent::is_local(address("172.16.1.2")));
}

}  // namespace

}  // namespace uplink_test
