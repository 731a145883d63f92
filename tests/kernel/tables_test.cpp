// SPDX-License-Identifier: GPL-2.0-or-later
// The tables of an installer, each alone: what install() adds and an Undo takes back, what is
// stale, what others changed. States are in esp_state_table_test.cpp.
#include "tests/kernel/failures.h"
#include "tests/kernel/kernel_reader.h"
#include "xfrm/plane/anchor_table.h"
#include "xfrm/plane/policy_table.h"
#include "xfrm/plane/rule_table.h"

namespace tables_test {

namespace {

using test::deny;
using test::permit;
using Lines = std::vector<std::string>;

static_assert(!std::is_move_constructible_v<xfrm::PolicyTable> &&
              !std::is_move_constructible_v<xfrm::RuleTable> &&
              !std::is_move_constructible_v<xfrm::AnchorTable> &&
              !std::is_move_constructible_v<xfrm::Installer>);

std::vector<xfrm::Link> wan() { return {*xfrm::find_link("wan0")}; }

template <class Value>
void check(const xfrm::Result<Value>& done) {
  if (!done) FAIL(done.error().message());
}

// ---- policies

struct Policies {
  xfrm::InstallerConfig config = test::ipv4_config();
  test::Failing failing;
  xfrm::NetlinkChannel channel =
      std::move(*xfrm::NetlinkChannel::open(NETLINK_XFRM, failing.injector()));
  int events_taken = 0;
  xfrm::PolicyTable table{config, channel, [this] { ++events_taken; }};
  xfrm::Undo undo;

  void install(const std::vector<xfrm::Entry>& acl) {
    check(table.install(acl, table.has_acl(acl), wan(), undo));
  }
  Lines compared() {
    Lines out;
    auto found = table.look();
    check(found);
    table.compare(std::move(*found), out);
    return out;
  }
};

TEST_CASE("policies: an ACL is put once, and known again") {
  const test::Site site;
  Policies policies;
  CHECK_FALSE(policies.table.has_acl({}));
  policies.install(test::both_ways());
  CHECK(policies.table.has_acl(test::both_ways()));
  CHECK(policies.table.interfaces() == std::vector<int>{wan()[0].index});
  CHECK(test::read_policies().size() == 6);
  CHECK(policies.events_taken == 1);
  policies.install(test::both_ways());
  CHECK(policies.events_taken == 1);  // nothing was put
  CHECK(*policies.table.has_policy());
}

TEST_CASE("policies: an undo takes back a first ACL, and a change of it") {
  const test::Site site;
  const auto empty = test::snapshot();
  Policies policies;
  policies.install(test::both_ways());
  const auto before = test::snapshot();
  SECTION("the first") {
    check(policies.undo.run());
    CHECK(test::snapshot() == empty);
  }
  SECTION("the second, of which nothing is removed until it is asked for") {
    policies.undo = {};
    policies.install({deny(test::site3, test::site1), permit(test::site1, test::all10)});
    CHECK(test::read_policies().size() == 9);
    check(policies.undo.run());
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("policies: what is stale is removed, and kept in mind when it cannot be") {
  const test::Site site;
  Policies policies;
  policies.install(test::both_ways());
  const std::vector<xfrm::Entry> other{permit(test::site3, test::site1)};
  policies.install(other);
  policies.failing.arm(2);
  std::vector<xfrm::Error> failed;
  policies.table.remove_stale(failed);
  policies.failing.arm(0);
  REQUIRE(failed.size() == 1);
  CHECK(failed[0].code == ENOBUFS);
  CHECK(test::read_policies().size() == 4);
  CHECK(policies.compared().empty());  // known, so no difference

  failed.clear();
  policies.install(other);
  policies.table.remove_stale(failed);
  CHECK(failed.empty());
  CHECK(test::read_policies().size() == 3);
}

TEST_CASE("policies: what others change is named, and installed anew at its own number") {
  const test::Site site;
  Policies policies;
  policies.install(test::both_ways());
  const auto before = test::snapshot();
  test::run(
      "ip xfrm policy delete src 10.1.0.0/24 dst 10.3.0.0/24 dir fwd mark 0x10000000 mask "
      "0x10000000");
  CHECK(policies.compared() == Lines{"policy fwd, 10.1.0.0/24 to 10.3.0.0/24 is gone"});
  policies.install(test::both_ways());
  CHECK(test::snapshot() == before);
  CHECK(policies.compared().empty());
}

TEST_CASE("policies: interfaces that go, come and come back are told from those protected") {
  const test::Site site;
  Policies policies;
  policies.config.interfaces = {"wan0", "wan1"};
  policies.install(test::both_ways());
  const auto compared = [&] {
    const std::vector<xfrm::Result<xfrm::Link>> links{xfrm::find_link("wan0"),
                                                      xfrm::find_link("wan1")};
    Lines out;
    policies.table.compare_interfaces(links, out);
    return out;
  };
  CHECK(compared().empty());
  test::run("ip link add wan1 type veth peer name far1; ip link delete wan0");
  CHECK(compared() == Lines{"interface wan0 is gone", "interface wan1 has come"});
  test::run("ip link add wan0 type veth peer name far0; ip link delete wan1");
  CHECK(compared() == Lines{"interface wan0 has another index"});
}

TEST_CASE("policies: a successor loads and clears what was left") {
  const test::Site site;
  const auto empty = test::snapshot();
  Policies{}.install(test::both_ways());
  Policies successor;
  check(successor.table.load());
  CHECK_FALSE(successor.table.has_acl(test::both_ways()));
  std::vector<xfrm::Error> failed;
  successor.table.clear(failed);
  CHECK(failed.empty());
  CHECK(test::snapshot() == empty);
}

// ---- anchors and rules

struct Rules {
  xfrm::InstallerConfig config = test::ipv4_config();
  xfrm::NetlinkChannel channel = std::move(*xfrm::NetlinkChannel::open(NETLINK_NETFILTER));
  xfrm::AnchorTable anchors{std::move(*xfrm::AnchorSet::open(config.anchors, {}))};
  xfrm::RuleTable table{config, channel, anchors};
  xfrm::Undo undo;

  void install(const std::vector<std::uint32_t>& spis, const std::vector<xfrm::Entry>& acl = {}) {
    check(table.install(acl, spis, wan(), undo));
    check(table.install_indices(wan(), undo));
  }
  Lines compared() {
    Lines out;
    auto found = table.look();
    check(found);
    CHECK(table.compare(std::move(*found), out));
    return out;
  }
};

bool has_spi(std::uint32_t spi) {
  const auto set = test::output("nft list set ip getvpn-test spis");
  return set.find(std::to_string(spi)) != std::string::npos;
}

const std::vector<xfrm::Entry> multicast{permit(test::all10, {test::ipv4(239, 1, 0, 0), 16})};

TEST_CASE("rules: SPIs are added to the table there is, and an undo takes out just these") {
  const test::Site site;
  Rules rules;
  rules.install({0x1001});
  const auto before = test::snapshot(), handles = test::output("nft -a list table ip getvpn-test");
  rules.undo = {};
  rules.install({0x1001, 0x1002});
  CHECK(has_spi(0x1002));
  check(rules.undo.run());
  CHECK(test::snapshot() == before);
  CHECK(test::output("nft -a list table ip getvpn-test") == handles);  // not made anew
}

TEST_CASE("rules: a table that is replaced comes back by an undo, and the first one goes") {
  const test::Site site;
  const auto empty = test::snapshot();
  Rules rules;
  rules.install({0x1001});
  SECTION("the first") {
    check(rules.undo.run());
    CHECK(test::snapshot() == empty);
  }
  SECTION("one for multicast in its place") {
    const auto before = test::snapshot();
    rules.undo = {};
    rules.install({0x1001, 0x1002}, multicast);
    CHECK(test::snapshot().find("chain multicast") != std::string::npos);
    check(rules.undo.run());
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("rules: a predecessor's table that says the same is adopted, another one replaced") {
  const test::Site site;
  Rules{}.install({0x1001});
  const auto handles = test::output("nft -a list table ip getvpn-test");
  Rules successor;
  check(successor.table.load());
  SECTION("the same") {
    check(successor.table.adopt({}, wan()));
    successor.install({0x1001});
    CHECK(test::output("nft -a list table ip getvpn-test") == handles);
  }
  SECTION("another, and back") {
    const auto before = test::snapshot();
    check(successor.table.adopt(multicast, wan()));
    successor.install({0x1001}, multicast);
    CHECK(test::snapshot() != before);
    check(successor.undo.run());
    CHECK(test::snapshot() == before);
  }
}

TEST_CASE("rules: what is stale goes element by element") {
  const test::Site site;
  Rules rules;
  rules.install({0x1001, 0x1002, 0x1003});
  xfrm::Desired desired;
  desired.sas = {test::cbc(0x1002)};
  desired.kept = {{0x1003, false, 0}};
  std::vector<xfrm::Error> failed;
  rules.table.remove_stale(desired, {}, failed);
  CHECK(failed.empty());
  CHECK_FALSE(has_spi(0x1001));
  CHECK(has_spi(0x1002));
  CHECK(has_spi(0x1003));
  CHECK(test::output("nft list set ip getvpn-test known").find("elements") == std::string::npos);
  CHECK(rules.compared().empty());
}

TEST_CASE("rules: what others change is named, and the table made anew") {
  const test::Site site;
  Rules rules;
  rules.install({0x1001});
  const auto before = test::snapshot();
  test::run("nft delete element ip getvpn-test spis '{ 0x1001 }'");
  CHECK(rules.compared() ==
        Lines{"nftables table ip getvpn-test, set spis, element 0x00001001 is gone"});
  rules.install({0x1001});
  CHECK(test::snapshot() == before);
  test::run("nft delete table ip getvpn-test");
  CHECK(rules.compared() == Lines{"nftables table ip getvpn-test is gone"});
  rules.install({0x1001});
  CHECK(test::snapshot() == before);
}

TEST_CASE("rules: another program's table of our name is not loaded") {
  const test::Site site;
  test::run("nft 'table ip getvpn-test { }'");
  Rules rules;
  const auto loaded = rules.table.load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == EEXIST);
}

TEST_CASE("anchors: an undo takes back address and route, or a change of the route") {
  const test::Site site;
  const auto empty = test::snapshot();
  Rules rules;
  check(rules.anchors.follow(wan()));
  check(rules.anchors.install(wan(), rules.undo));
  const auto before = test::snapshot();
  CHECK(before != empty);
  SECTION("both") {
    check(rules.undo.run());
    CHECK(test::snapshot() == empty);
  }
  SECTION("a change") {
    rules.undo = {};
    test::run("ip route replace default via 172.16.1.1 mtu 1400");
    const auto changed = test::snapshot();
    check(rules.anchors.install(wan(), rules.undo));
    CHECK(test::snapshot() != changed);
    check(rules.undo.run());
    CHECK(test::snapshot() == changed);
  }
  SECTION("a successor finds them, and clears") {
    Rules successor;
    check(successor.anchors.follow(wan()));
    check(successor.anchors.load());
    std::vector<xfrm::Error> failed;
    successor.anchors.clear(failed);
    CHECK(failed.empty());
    CHECK(test::snapshot() == empty);
  }
}

}  // namespace

}  // namespace tables_test
