// SPDX-License-Identifier: GPL-2.0-or-later
// When sending goes over from one TEK to the next: what a registration's answer, and packets of
// other members, have to say about it.

#include "agent/group/sa_table.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace sa_table_changeover_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};
using Uses = std::vector<Use>;

gdoi::Rekey rekey_with(gdoi::GroupPolicy policy) {
  gdoi::Rekey out;
  out.replaces_list = true;
  out.policy = std::move(policy);
  return out;
}

// both names two TEKs for each line.
gdoi::GroupPolicy both(std::uint32_t first, seconds first_ends, std::uint32_t second) {
  auto policy = lab_policy(first, first_ends);
  for (std::size_t i = 0; i < 2; ++i)
    policy.entries.push_back(permit(policy.entries[i].selector, second));
  policy.teks.push_back(tek(second));
  return policy;
}

struct Fixture {
  RecordingPlane plane;
  SaTable sas;

  Fixture() { install(lab_policy(7)); }
  void install(gdoi::GroupPolicy policy, seconds at = seconds{0}, bool asked_for = true) {
    REQUIRE(sas.install(std::move(policy), key_server(), plane, start + at, asked_for));
  }
  void rekey(gdoi::GroupPolicy policy, seconds at) {
    REQUIRE(sas.rekey(rekey_with(std::move(policy)), plane, start + at).has_value());
  }
  void wake(seconds at) { REQUIRE(sas.wake(plane, start + at).applied.has_value()); }
  [[nodiscard]] const Uses& uses() const { return plane.applied.back().teks; }
  [[nodiscard]] bool sends(std::uint32_t spi) const {
    for (const auto& use : uses())
      if (use.spi == spi) return use.send;
    return false;
  }
};

}  // namespace

TEST_CASE("a registration that no longer names the TEK in use changes over at once") {
  Fixture f;
  f.install(lab_policy(8), seconds{100});
  CHECK(f.uses() == Uses{{7, seconds{3500}, true, true}, {8, seconds{3600}, true, true}});
  CHECK(f.sas.awaited().empty());
}

TEST_CASE("one that names it does not, and neither does a rekey") {
  Fixture f;
  SECTION("a registration") {
    f.install(both(7, seconds{3500}, 8), seconds{100});
    CHECK_FALSE(f.sends(8));
  }
  SECTION("a rekey") {
    f.rekey(lab_policy(8), seconds{100});
    CHECK_FALSE(f.sends(8));
  }
  CHECK(f.sas.awaited() == std::vector{gdoi::Spi{8}});
}

TEST_CASE("one with an activation delay keeps to that") {
  Fixture f;
  auto policy = lab_policy(8);
  policy.activation_delay = seconds{20};
  f.install(std::move(policy), seconds{100});
  CHECK_FALSE(f.sends(8));
  CHECK(f.sas.find(gdoi::Spi{8})->send_from == start + seconds{120});
  CHECK(f.sas.awaited().empty());  // whatever others do
}

TEST_CASE("a registration ends the wait that a rekey began") {
  Fixture f;
  f.rekey(lab_policy(8), seconds{100});
  SECTION("when it names the new TEK only") {
    f.install(lab_policy(8, seconds{3590}), seconds{110});
    CHECK(f.sends(8));
  }
  SECTION("not while it names the one in use as well") {
    const auto before = f.sas.find(gdoi::Spi{8})->send_from;
    f.install(both(7, seconds{3490}, 8), seconds{110});
    CHECK_FALSE(f.sends(8));
    CHECK(f.sas.find(gdoi::Spi{8})->send_from == before);
  }
  SECTION("nor for lines of another TEK, which is still named") {
    auto policy = lab_policy(7, seconds{3490});
    policy.entries.push_back(permit(selector(site(4), site(5)), 9));
    policy.teks.push_back(tek(9));
    f.install(std::move(policy), seconds{110});  // 9 is used from now on
    auto next = both(7, seconds{3480}, 8);       // and named no more
    f.install(std::move(next), seconds{120});
    CHECK_FALSE(f.sends(8));
  }
}

TEST_CASE("a predecessor's TEK that is not named is no reason to wait") {
  Fixture f;
  f.sas = SaTable{};
  f.sas.adopt(
      {{{gdoi::Spi{6}, false, seconds{500}, 0}, {gdoi::Spi{6}, true, seconds{500}, 0}}, true},
      start);
  f.install(lab_policy(8));
  CHECK(f.sends(8));
}

TEST_CASE("a packet under the new TEK ends the wait") {
  Fixture f;
  f.rekey(lab_policy(8), seconds{100});
  const std::vector seen{gdoi::Spi{8}};
  REQUIRE(f.sas.awaited() == seen);
  REQUIRE(f.sas.start_sending(seen, f.plane, start + seconds{102}).has_value());
  CHECK(f.uses() == Uses{{7, seconds{3498}, true, true}, {8, seconds{3598}, true, true}});
  CHECK(f.sas.awaited().empty());
}

TEST_CASE("one that the data plane refuses to send on is tried again") {
  Fixture f;
  f.rekey(lab_policy(8), seconds{100});
  f.plane.refusal = "no";
  const std::vector seen{gdoi::Spi{8}};
  CHECK_FALSE(f.sas.start_sending(seen, f.plane, start + seconds{102}).has_value());
  f.plane.refusal.clear();
  CHECK(f.sas.deadline() == start + seconds{102} + SaTable::first_retry_pause);
  f.wake(seconds{103});
  CHECK(f.sends(8));
}

TEST_CASE("what was sent on before a change-over is removed a moment later") {
  Fixture f;
  f.install(lab_policy(8), seconds{100});
  CHECK_FALSE(f.plane.applied.back().remove_superseded);
  CHECK(f.sas.deadline() == start + seconds{101});
  f.wake(seconds{101});
  CHECK(f.plane.applied.size() == 3);
  CHECK(f.plane.applied.back().remove_superseded);
  CHECK(f.sas.deadline() == start + seconds{3600});  // once
  SECTION("also when it is refused at first") {
    f.install(lab_policy(9), seconds{200});
    f.plane.refusal = "no";
    CHECK_FALSE(f.sas.wake(f.plane, start + seconds{201}).applied.has_value());
    CHECK(f.sas.deadline() == start + seconds{201} + SaTable::first_retry_pause);
    f.plane.refusal.clear();
    f.wake(seconds{202});
    CHECK(f.plane.applied.back().remove_superseded);
  }
}

TEST_CASE(
    "a predecessor that ended amid a change-over is no reason to keep what it sent on before") {
  RecordingPlane plane;
  SaTable sas;
  sas.adopt({{{gdoi::Spi{7}, true, seconds{1800}}, {gdoi::Spi{8}, true, seconds{3600}}}, true},
            start);
  REQUIRE(sas.install(both(7, seconds{1800}, 8), key_server(), plane, start + seconds{1}));
  CHECK_FALSE(plane.applied.back().remove_superseded);
  REQUIRE(sas.deadline() == start + seconds{1} + SaTable::settle_pause);
  REQUIRE(sas.wake(plane, *sas.deadline()).applied.has_value());
  CHECK(plane.applied.back().remove_superseded);
  CHECK(sas.deadline() == start + seconds{1800});  // once
}

}  // namespace sa_table_changeover_test
