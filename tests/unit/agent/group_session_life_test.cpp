// SPDX-License-Identifier: GPL-2.0-or-later
// A group's life after its first registration: rekeys, drift, fail-close, scope.

#include "agent/config/access_list.h"
#include "agent/group/group_session.h"
#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/agent/policies.h"

namespace group_session_life_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};

struct Silence final : Transport {
  void send(const gdoi::Endpoint&, gdoi::View, std::uint16_t) override {}
  void listen(std::span<const gdoi::Endpoint> groups) override {
    listening.assign(groups.begin(), groups.end());
  }
  void locate_key_servers() override { ++located; }
  unsigned located = 0;
  std::vector<gdoi::Endpoint> listening;
};

gdoi::MemberConfig member_config() {
  gdoi::MemberConfig out;
  out.group = gdoi::GroupNumber{100};
  out.local_address = ip("172.16.1.2");
  out.key_servers.push_back({key_server(), key(11, 'S')});
  out.phase1.proposals = gdoi::default_proposals();
  return out;
}

GroupOptions options() { return {{"100", ip("172.16.1.2")}, {"wan0"}}; }

struct Fixture {
  explicit Fixture(GroupOptions wanted = options())
      : group{std::move(wanted), member_config(), {random, plane, network, spis, log}} {}

  std::vector<std::string> lines;
  Log log{Level::debug, [this](Level, std::string_view line) { lines.emplace_back(line); }};
  SeededRandom random{1};
  RecordingPlane plane;
  Silence network;
  InboundSpis spis;
  InboundSpis::Holder other{spis, "TWO", {"wan0"}};
  GroupSession group;

  template <class Action>
  void perform(Action action, seconds at = seconds{0}) {
    gdoi::Actions actions;
    actions.emplace_back(std::move(action));
    group.perform(std::move(actions), start + at);
  }
  void install(gdoi::GroupPolicy policy) {
    perform(gdoi::InstallPolicy{key_server(), std::move(policy)});
  }
  [[nodiscard]] bool said(std::string_view part) const {
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    });
  }
};

gdoi::InstallRekey rekey(gdoi::GroupPolicy policy) {
  gdoi::InstallRekey out;
  out.from = key_server();
  out.rekey.sequence = gdoi::SequenceNumber{5};
  out.rekey.policy = std::move(policy);
  out.rekey.replaces_list = true;
  return out;
}

}  // namespace

TEST_CASE("a rekey is installed and told in Cisco's words") {
  Fixture f;
  f.install(lab_policy(7));
  f.lines.clear();
  auto push = rekey(lab_policy(8));
  push.rekey.policy->kek = kek(0x20);
  push.rekey.new_kek = true;
  f.perform(std::move(push), seconds{10});
  CHECK(f.plane.applied.back().teks.size() == 2);
  CHECK(f.lines[0] ==
        "%GDOI-5-GM_RECV_REKEY: Received Rekey for group 100 from 10.0.0.5 to 172.16.1.2 with seq "
        "# 5");
  CHECK(f.said("%GDOI-5-SA_TEK_UPDATED"));
  CHECK(f.said("%GDOI-5-SA_KEK_UPDATED: SA KEK was updated 0x2020202020202020"));
  CHECK(f.said("%GDOI-5-GM_INSTALL_POLICIES_SUCCESS"));
}

TEST_CASE("while sending on a TEK waits for others, it is looked whether one sends on it") {
  Fixture f;
  f.install(lab_policy(7));
  f.group.wake(start + seconds{10});
  CHECK(f.plane.counted == 0);  // there is nothing to wait for
  f.perform(rekey(lab_policy(8)), seconds{100});
  f.group.wake(start + seconds{100});
  CHECK(f.plane.counted == 1);
  CHECK(f.group.deadline() <= start + seconds{101});
  f.plane.counts = {{gdoi::Spi{7}, false, 9, 900}, {gdoi::Spi{8}, true, 1, 84}};
  f.group.wake(start + seconds{101});
  CHECK_FALSE(f.plane.applied.back().teks[1].send);
  f.plane.counts.push_back({gdoi::Spi{8}, false, 1, 84});
  f.group.wake(start + seconds{101} + milliseconds{500});
  CHECK_FALSE(f.plane.applied.back().teks[1].send);  // not more often than each second
  f.group.wake(start + seconds{102});
  CHECK(f.plane.applied.back().teks[1].send);
  CHECK(f.said("TEK 0x00000008 is sent on from now on: others do so already"));
  const auto counted = f.plane.counted;
  f.group.wake(start + seconds{110});
  CHECK(f.plane.counted == counted);
}

TEST_CASE("a rekey the kernel refuses is an error, and what was in force stays") {
  Fixture f;
  f.install(lab_policy(7));
  f.plane.refusal = "policy out: no";
  f.perform(rekey(lab_policy(8)), seconds{10});
  CHECK(f.said("%GDOI-3-GM_FAILED_TO_INSTALL_POLICIES"));
  CHECK(f.said("policy out: no"));
  CHECK(f.group.sa_table().teks().size() == 1);
}

TEST_CASE("a TEK with an SPI that another group has on the same WAN interface changes nothing") {
  Fixture f;
  f.other.hold({gdoi::Spi{8}});
  f.install(lab_policy(7));
  REQUIRE(f.plane.applied.size() == 1);
  const std::string reason =
      "for group 100 & gm identity 172.16.1.2: TEK 0x00000008: group TWO has a TEK with that SPI "
      "on the same WAN interface, and what comes in under it cannot be told apart";

  SECTION("by a registration") {
    f.perform(gdoi::InstallPolicy{key_server(), lab_policy(8)}, seconds{10});
    CHECK(f.said(reason));
  }
  SECTION("by a rekey") {
    f.perform(rekey(lab_policy(8)), seconds{10});
    CHECK(f.said(reason));
  }
  CHECK(f.plane.applied.size() == 1);
  REQUIRE(f.group.sa_table().teks().size() == 1);
  CHECK(f.group.sa_table().teks()[0].tek->spi == gdoi::Spi{7});
}

TEST_CASE("an SPI of another group is no matter where it is not taken in, or has been all along") {
  Fixture f;
  auto policy = lab_policy(8);
  SECTION("only sent under") {
    policy.teks[0].policy.direction = gdoi::SaDirection::sender_only;
    f.other.hold({gdoi::Spi{8}});
  }
  SECTION("of the policy in force") {
    f.install(lab_policy(8));
    f.other.hold({gdoi::Spi{8}});
  }
  SECTION("left by a predecessor") {
    f.plane.found.teks = {{gdoi::Spi{8}, false, seconds{600}}};
    REQUIRE(f.group.start(start).has_value());
    f.other.hold({gdoi::Spi{8}});
  }
  const auto before = f.plane.applied.size();
  f.perform(gdoi::InstallPolicy{key_server(), std::move(policy)}, seconds{10});
  CHECK(f.plane.applied.size() == before + 1);
}

TEST_CASE("deletes are told by name") {
  Fixture f;
  f.install(lab_policy(7));
  gdoi::InstallRekey push;
  push.from = key_server();
  push.rekey.deletes.teks = {gdoi::Spi{7}};
  push.rekey.deletes.all_keks = true;
  f.perform(std::move(push), seconds{1});
  CHECK(f.said("%GDOI-5-GM_RECV_DELETE"));
  CHECK(f.said("It deletes all KEKs, TEK 0x00000007"));
  CHECK(f.group.sa_table().teks().empty());
}

TEST_CASE("multicast groups of rekeys are passed on") {
  Fixture f;
  f.perform(gdoi::ListenForRekeys{{{ip("239.0.1.2"), 848}}});
  CHECK(f.network.listening == std::vector<gdoi::Endpoint>{{ip("239.0.1.2"), 848}});
  f.perform(gdoi::ListenForRekeys{});
  CHECK(f.network.listening.empty());
}

TEST_CASE("a list that protects more than the scope is refused with the entry") {
  auto wanted = options();
  wanted.scope = {parse_prefix("10.1.0.0/16").value(), parse_prefix("10.3.0.0/24").value()};
  Fixture f{wanted};
  f.install(lab_policy(7));
  CHECK(f.plane.applied.size() == 1);

  auto wide = lab_policy(8);
  wide.entries.push_back(deny(selector(any(), any())));  // what passes in clear anyway
  SECTION("inside, with a deny outside") {
    f.perform(rekey(std::move(wide)), seconds{10});
    CHECK(f.plane.applied.size() == 2);
  }
  SECTION("outside, by a rekey") {
    wide.entries.push_back(permit(selector(site(1), site(4)), 8));
    f.perform(rekey(std::move(wide)), seconds{10});
    CHECK(f.plane.applied.size() == 1);
    CHECK(
        f.said("entry 'permit ip 10.1.0.0 0.0.0.255 10.4.0.0 0.0.0.255' is outside of the "
               "configured scope"));
  }
  SECTION("outside, by a registration") {
    wide.entries.push_back(permit(selector(site(4), site(1)), 8));
    f.install(std::move(wide));
    CHECK(f.plane.applied.size() == 1);
    CHECK(f.said("is outside of the configured scope"));
  }
}

TEST_CASE("fail-close is in force before the first word to a key server") {
  auto wanted = options();
  wanted.fail_close = true;
  Fixture f{wanted};
  SECTION("with a fresh kernel") {
    REQUIRE(f.group.start(start).has_value());
    REQUIRE(f.plane.applied.size() == 1);
    CHECK(f.plane.applied[0].mode == Installation::Mode::closed);
  }
  SECTION("a predecessor's list is better") {
    f.plane.found.has_policy = true;
    REQUIRE(f.group.start(start).has_value());
    CHECK(f.plane.applied.empty());
  }
  SECTION("what was closed before there was a route is closed anew, and lets other GDOI pass") {
    f.plane.found.has_policy = true;
    REQUIRE(f.group.start(start, true).has_value());
    REQUIRE(f.plane.applied.size() == 1);
    CHECK(f.plane.applied[0].mode == Installation::Mode::closed);
    f.group.reapply(start);
    REQUIRE(f.plane.applied.size() == 2);
    CHECK(f.plane.applied[1].mode == Installation::Mode::closed);
  }
  SECTION("a kernel that refuses it ends the start") {
    f.plane.refusal = "no";
    CHECK_FALSE(f.group.start(start).has_value());
  }
}

TEST_CASE("fail-close comes back with the end of the last TEK if so told") {
  auto wanted = options();
  wanted.fail_close = true;
  SECTION("revert") { wanted.fail_close_revert = true; }
  SECTION("no revert") {}
  Fixture f{wanted};
  f.install(lab_policy(7));
  f.group.wake(start + seconds{3600});
  CHECK(f.group.sa_table().closed() == wanted.fail_close_revert);
  CHECK(f.plane.applied.back().entries.empty() == wanted.fail_close_revert);
}

TEST_CASE("drift is named and repaired") {
  Fixture f;
  f.install(lab_policy(7));
  CHECK(f.group.verify(start));
  CHECK(f.plane.applied.size() == 1);
  f.plane.differences = {"state in 0x7 is gone"};
  CHECK(f.group.verify(start + seconds{1}));
  CHECK(f.said("drift: state in 0x7 is gone"));
  CHECK(f.said("drift repaired"));
  CHECK(f.group.drift_repairs() == 1);
  CHECK(f.plane.applied.size() == 2);

  f.plane.differences.assign(1000, "policy is gone");
  f.plane.refusal = "busy";
  f.lines.clear();
  CHECK(f.group.verify(start + seconds{2}));
  CHECK(f.lines.size() == 22);
  CHECK(f.lines[20] == "drift: 980 more differences");
  CHECK(f.said("drift could not be repaired, next try in 1 s: busy"));
  CHECK(f.group.drift_repairs() == 1);
  REQUIRE(f.group.sa_table().deadline() == start + seconds{3});

  // The next sign of a change is reason enough to try again.
  f.plane.refusal.clear();
  CHECK(f.group.verify(start + seconds{3}));
  CHECK(f.lines.back() == "drift repaired");
  CHECK(f.group.drift_repairs() == 2);
  CHECK_FALSE(f.group.sa_table().pending());
}

TEST_CASE("where the kernel cannot be read it is looked at again soon") {
  Fixture f;
  f.install(lab_policy(7));
  f.plane.unreadable = "out of memory";
  CHECK_FALSE(f.group.verify(start));
  CHECK(f.said("cannot read kernel state to look for drift, next try in 5 s: out of memory"));
  CHECK(f.plane.applied.size() == 1);
}

TEST_CASE("while no registration stands nobody looks for ESP without a key") {
  Fixture f;
  REQUIRE(f.group.start(start).has_value());
  f.plane.unreadable = "out of memory";
  for (int second = 0; second < 60; ++second) f.group.wake(start + seconds{second});
  CHECK_FALSE(f.said("unknown SPIs"));
  CHECK(f.group.errors(start + seconds{60}).spis.packets == 0);
}

TEST_CASE("clearing drops the keys, keeps the list and registers afresh") {
  Fixture f;
  REQUIRE(f.group.start(start).has_value());
  f.install(lab_policy(7));
  f.lines.clear();
  REQUIRE(f.group.clear(start + seconds{5}).has_value());
  CHECK(f.plane.applied.back().teks.empty());
  CHECK(f.plane.applied.back().entries.size() == 2);
  CHECK(f.said("%CRYPTO-5-GM_REGSTER"));
}

TEST_CASE("leaving takes nothing out of the kernel") {
  Fixture f;
  f.install(lab_policy(7));
  f.group.leave(start);
  CHECK_FALSE(f.plane.cleared);
  CHECK(f.plane.applied.size() == 1);
}

}  // namespace group_session_life_test
