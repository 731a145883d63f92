// SPDX-License-Identifier: GPL-2.0-or-later
// The rules as nft reads them back.
#include <cerrno>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/kernel/namespace.h"
#include "tests/kernel/plane_samples.h"
#include "tests/support/catch.h"
#include "xfrm/plane/installer.h"

namespace rules_test {

namespace {

using nlohmann::json;

std::unique_ptr<xfrm::Installer> installer(xfrm::InstallerConfig config = test::ipv4_config()) {
  auto opened = xfrm::Installer::open(std::move(config));
  if (!opened) throw std::runtime_error{opened.error().message()};
  return std::move(*opened);
}

// objects of one kind ("chain", "set") in our table, by name.
std::map<std::string, json> objects(const std::string& kind) {
  std::map<std::string, json> out;
  const auto ruleset =
      json::parse(test::output("nft -j list table ip " + std::string{test::table}));
  for (const auto& object : ruleset.at("nftables"))
    if (object.contains(kind)) out[object[kind].at("name")] = object[kind];
  return out;
}

std::string rules_of(const std::string& chain) {
  return test::output("nft list chain ip " + std::string{test::table} + " " + chain);
}

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("the chains hook in where they must") {
  const test::Site site;
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));

  const auto chains = objects("chain");
  REQUIRE(chains.size() == 8);
  const auto hooks = [&](const char* name) {
    const auto& c = chains.at(name);
    return c.at("type").get<std::string>() + " " + c.at("hook").get<std::string>() + " " +
           std::to_string(c.at("prio").get<int>()) + " " + c.at("policy").get<std::string>();
  };
  CHECK(hooks("inbound") == "filter prerouting -300 accept");
  CHECK(hooks("tag") == "filter prerouting 1000 accept");
  CHECK(hooks("tag-local") == "filter input 1000 accept");
  CHECK(hooks("stash") == "filter postrouting 1000 accept");
  CHECK(hooks("restore") == "route output -300 accept");
  CHECK_FALSE(chains.contains("restore-multicast"));
  for (const char* chain : {"anchored", "guard", "defrag"})
    CHECK_FALSE(chains.at(chain).contains("hook"));
}

TEST_CASE("the rules say what they must") {
  const test::Site site;
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));
  const auto inbound = rules_of("inbound");
  CHECK(contains(inbound, "ip saddr 240.0.0.0/30 jump anchored\n"));
  CHECK(contains(inbound, "ip daddr 240.0.0.0/30 jump anchored\n"));
  CHECK(contains(inbound, "iifname \"wan0\" esp spi @spis ip daddr set 240.0.0.1 notrack\n"));
  const auto anchored = rules_of("anchored");
  CHECK(contains(anchored, "meta iifkind \"vrf\" accept\n"));
  CHECK(contains(anchored, "ip saddr @anchors drop\n"));
  CHECK(contains(anchored, "ip daddr @anchors drop\n"));
  for (const char* chain : {"tag", "tag-local"})
    CHECK(contains(rules_of(chain), "iifname \"wan0\" meta mark set meta mark | 0x10000000\n"));
  const auto stash = rules_of("stash");
  CHECK(contains(stash,
                 "ipsec out ip daddr 240.0.0.2 meta mark set ip daddr meta priority set ip saddr "
                 "accept\n"));
  CHECK(stash.find("accept\n") < stash.find("oifname \"wan0\" goto guard\n"));
  const auto guard = rules_of("guard");
  CHECK(contains(guard, "ip daddr 240.0.0.0/30 ip daddr @anchors drop\n"));
  CHECK(contains(guard, "oif @known accept\n"));
  CHECK(contains(guard, "udp sport 848 udp dport 848 accept\n"));
  CHECK(contains(guard, "\t\tdrop\n"));
  CHECK(guard.find("@anchors drop\n") < guard.find("@known accept\n"));
  CHECK(guard.rfind("accept\n") < guard.find("\t\tdrop\n"));
  CHECK(contains(rules_of("restore"),
                 "ip protocol esp ip daddr 240.0.0.2 ip daddr set meta mark ip saddr set meta "
                 "priority meta mark set 0x00000000 meta priority set none notrack\n"));
  CHECK(contains(rules_of("defrag"), "tproxy to :"));
}

TEST_CASE("the sets hold the WAN interfaces and, without SAs, no SPI") {
  const test::Site site;
  test::run(
      "ip link add wan1 type veth peer name provider1 && ip link set wan1 up && ip link set "
      "provider1 up");
  auto config = test::ipv4_config();
  config.interfaces = {"wan1", "wan0"};
  const auto plane = installer(config);
  REQUIRE(plane->apply({test::both_ways(), {}}));
  const auto sets = objects("set");
  CHECK(sets.at("wan").at("type") == "ifname");
  const auto elements = sets.at("wan").at("elem").get<std::set<std::string>>();
  CHECK(elements == std::set<std::string>{"wan0", "wan1"});
  CHECK_FALSE(sets.at("spis").contains("elem"));
  // One name is compared; several are looked up.
  CHECK(contains(rules_of("inbound"), "iifname @wan esp spi @spis"));
  for (const char* chain : {"tag", "tag-local"})
    CHECK(contains(rules_of(chain), "iifname @wan meta mark set meta mark | 0x10000000\n"));
  CHECK(contains(rules_of("stash"), "oifname @wan goto guard\n"));
}

TEST_CASE("what nft lists, nft could load") {
  const test::Site site;
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));
  // All but the statements no nft syntax can write (types differ).
  const auto text = test::output("nft list set ip " + std::string{test::table} + " spis");
  CHECK(contains(text, "typeof esp spi"));
}

TEST_CASE("the largest segment is lowered when asked for") {
  const test::Site site;
  auto config = test::ipv4_config();
  config.options.mss_clamp = 1300;
  const auto plane = installer(config);
  REQUIRE(plane->apply({test::both_ways(), {}}));
  const std::string clamp = "tcp flags syn / syn,rst tcp option maxseg size set 1300\n";
  CHECK(contains(rules_of("stash"), "ipsec out ip daddr 240.0.0.2 " + clamp));
  CHECK(contains(rules_of("tag"), "ipsec in ip daddr 240.0.0.1 " + clamp));
  CHECK(plane->verify()->empty());

  SECTION("to what the WAN's MTU leaves room for, and follows it") {
    plane->configure({0, 0});
    REQUIRE(plane->apply({test::both_ways(), {}}));
    CHECK(contains(rules_of("stash"), "size set 1360\n"));
    test::run("ip link set wan0 mtu 1400");
    CHECK(*plane->verify() ==
          std::vector<std::string>{"nftables table ip getvpn-test: segment size 1360 must follow "
                                   "the WAN: 1260"});
    REQUIRE(plane->apply({test::both_ways(), {}}));
    CHECK(contains(rules_of("tag"), "size set 1260\n"));
    CHECK(plane->verify()->empty());
  }
  SECTION("and left alone when asked for") {
    plane->configure({0, {}});
    REQUIRE(plane->apply({test::both_ways(), {}}));
    CHECK_FALSE(contains(rules_of("stash"), "maxseg"));
    CHECK_FALSE(contains(rules_of("tag"), "maxseg"));
  }
  SECTION("by a successor without touching a table that says so") {
    const auto before = test::snapshot();
    REQUIRE(installer(config)->apply({test::both_ways(), {}}));
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("a list that speaks of multicast has rules for what a multicast router forwards") {
  const test::Site site;
  const xfrm::Prefix groups{test::ipv4(239, 1, 1, 0), 24};
  auto list = test::both_ways();
  const auto without = list;
  list.push_back(test::deny(test::site3, groups));
  list.push_back(test::permit(test::site1, groups, 2));
  const auto plane = installer();
  REQUIRE(plane->apply({without, {}}));
  CHECK(objects("chain").count("multicast") == 0);
  const auto plain = test::snapshot();

  REQUIRE(plane->apply({list, {}}));

  CHECK(plane->verify()->empty());
  const auto chains = objects("chain");
  CHECK(chains.at("multicast").at("hook") == "forward");
  CHECK(chains.at("restore-multicast").at("hook") == "output");
  CHECK(chains.at("restore-multicast").at("prio").get<int>() == -301);
  CHECK(
      contains(rules_of("restore-multicast"), "meta mark & 0x000000f0 == 0x000000e0 ip daddr set"));
  CHECK(contains(rules_of("tag"), "ip daddr 224.0.0.0/4 iifname \"wan0\" jump multicast-in\n"));
  CHECK(contains(rules_of("multicast"),
                 "ip daddr 224.0.0.0/4 oifname \"wan0\" jump multicast-out\n"));
  const std::string denied = "ip saddr 10.3.0.0/24 ip daddr 239.1.1.0/24 ";
  const std::string listed = "ip saddr 10.1.0.0/24 ip daddr 239.1.1.0/24 ";
  const auto out = rules_of("multicast-out"), in = rules_of("multicast-in");
  CHECK(contains(out, "ipsec out ip daddr != 240.0.0.2 return\n"));
  CHECK(contains(in, "ipsec in ip daddr != 240.0.0.1 return\n"));
  CHECK(contains(in, "udp sport 848 udp dport 848 return\n"));
  CHECK(contains(out, denied + "return\n"));
  CHECK(contains(out, listed + "ipsec out reqid 7002 return\n"));
  CHECK(contains(out, listed + "drop\n"));
  CHECK(contains(in, denied + "ipsec in ip daddr 240.0.0.1 drop\n"));
  CHECK(contains(in, listed + "ipsec in reqid 7002 return\n"));
  CHECK(contains(in, listed + "drop\n"));
  CHECK(contains(in, "\t\tipsec in ip daddr 240.0.0.1 drop\n"));

  SECTION("which are repaired") {
    test::run("nft flush chain ip getvpn-test multicast-out");
    CHECK(plane->verify()->size() == 4);
    REQUIRE(plane->apply({list, {}}));
    CHECK(rules_of("multicast-out") == out);
  }
  SECTION("and go with it") {
    REQUIRE(plane->apply({without, {}}));
    CHECK(objects("chain").count("multicast") == 0);
    CHECK(plane->verify()->empty());
  }
  SECTION("and come back when another list is refused") {
    const auto before = test::snapshot();
    auto refused = without;
    refused.push_back(test::permit({test::ipv4(10, 9, 0, 1), 24}, test::site1));
    CHECK_FALSE(plane->apply({refused, {}}));
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("a list that lets multicast leave in clear hooks no chain in for it") {
  const test::Site site;
  auto list = test::both_ways();
  list.push_back(test::deny(test::site3, {test::ipv4(239, 1, 1, 0), 24}));
  const auto plane = installer();
  REQUIRE(plane->apply({list, {}}));
  const auto chains = objects("chain");
  CHECK(chains.count("multicast") == 0);
  CHECK(chains.count("restore-multicast") == 0);
  CHECK(contains(rules_of("multicast-in"),
                 "ip saddr 10.3.0.0/24 ip daddr 239.1.1.0/24 ipsec in ip daddr 240.0.0.1 drop\n"));
}

TEST_CASE("as many lines about multicast as a key server can send are taken at once") {
  const test::Site site;
  std::vector<xfrm::Entry> list;
  for (unsigned i = 0; i < 1200; ++i)
    list.push_back(test::permit({test::ipv4(10, i / 256, i % 256, 0), 24}, test::anywhere));
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));
  REQUIRE(plane->apply({list, {}}));
  CHECK(plane->verify()->empty());
  CHECK(contains(rules_of("multicast-out"),
                 "ip saddr 10.4.175.0/24 ip daddr 224.0.0.0/4 ipsec out reqid 7000 return\n"));
  REQUIRE(plane->apply({test::both_ways(), {}}));
  CHECK(objects("chain").count("multicast") == 0);
}

TEST_CASE("tables of others are left alone") {
  const test::Site site;
  test::run(
      "nft 'table inet filter { chain input { type filter hook input priority 0; ip saddr "
      "192.0.2.1 drop; }; }; table ip6 getvpn-test { }'");
  const auto before = test::snapshot();
  const auto plane = installer();
  REQUIRE(plane->apply({test::both_ways(), {}}));
  CHECK(contains(test::output("nft list ruleset"), "ip saddr 192.0.2.1 drop"));
  REQUIRE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a table of our name that is not ours is refused and stays") {
  const test::Site site;
  const auto content =
      GENERATE(as<std::string>{}, "", "comment \"mine\"; ", "set spis { type ipv4_addr; }; ");
  test::run("nft 'table ip getvpn-test { " + content + "}'");
  const auto before = test::snapshot();
  const auto plane = installer();

  const auto done = plane->apply({test::both_ways(), {}});

  REQUIRE_FALSE(done);
  CHECK(done.error().code == EEXIST);
  CHECK(done.error().message() ==
        "nftables table ip getvpn-test: another program has such a table");
  CHECK(test::snapshot() == before);
  CHECK_FALSE(plane->clear());
  CHECK(test::snapshot() == before);
}

TEST_CASE("a predecessor's table is put in order") {
  const test::Site site;
  REQUIRE(installer()->apply({test::both_ways(), {}}));
  const auto good = test::snapshot();
  test::run(
      "nft flush chain ip getvpn-test tag; nft delete chain ip getvpn-test restore; nft add "
      "element ip getvpn-test spis '{ 4660 }'; nft add chain ip getvpn-test odd");
  REQUIRE(test::snapshot() != good);

  const auto successor = installer();
  REQUIRE(successor->apply({test::both_ways(), {}}));

  CHECK(test::snapshot() == good);
}

}  // namespace

}  // namespace rules_test
