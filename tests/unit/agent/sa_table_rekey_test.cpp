// SPDX-License-Identifier: GPL-2.0-or-later
// What rekeys, predecessors and operators do to the SA table.

#include "agent/group/sa_table.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace sa_table_rekey_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};
using Uses = std::vector<Use>;
using Kept = std::vector<std::pair<std::uint32_t, bool>>;

gdoi::Rekey rekey_with(gdoi::GroupPolicy policy) {
  gdoi::Rekey out;
  out.replaces_list = true;
  out.policy = std::move(policy);
  return out;
}

gdoi::Rekey deletes(std::initializer_list<std::uint32_t> spis) {
  gdoi::Rekey out;
  for (const auto spi : spis) out.deletes.teks.push_back(gdoi::Spi{spi});
  return out;
}

ExistingSa found(std::uint32_t spi, bool outbound, seconds remaining) {
  return {gdoi::Spi{spi}, outbound, remaining};
}

struct Fixture {
  RecordingPlane plane;
  SaTable sas;

  void install(gdoi::GroupPolicy policy, seconds at = seconds{0}) {
    REQUIRE(sas.install(std::move(policy), key_server(), plane, start + at).has_value());
  }
  void rekey(gdoi::Rekey rekey, seconds at) {
    REQUIRE(sas.rekey(std::move(rekey), plane, start + at).has_value());
  }
  [[nodiscard]] const Uses& uses() const { return plane.applied.back().teks; }
};

}  // namespace

TEST_CASE("a rekey's TEK is received at once and sent on before the old one ends") {
  Fixture f;
  f.install(lab_policy(7));
  f.rekey(rekey_with(lab_policy(8)), seconds{3400});
  CHECK(f.uses() == Uses{{7, seconds{200}, true, true}, {8, seconds{3600}, true, false}});
  CHECK(f.sas.deadline() == start + seconds{3570});
}

TEST_CASE("a second rekey before the first is in use is no reason to hurry") {
  Fixture f;
  f.install(lab_policy(7));
  for (const std::uint32_t spi : {8U, 9U, 10U}) {
    auto policy = lab_policy(spi);  // a list that names the new TEK alone
    policy.activation_delay = seconds{20};
    f.rekey(rekey_with(std::move(policy)), seconds{100 + spi});
  }
  REQUIRE(f.uses().size() == 4);
  CHECK(f.uses()[0] == Use{7, seconds{3490}, true, true});
  for (std::size_t i = 1; i < 4; ++i) CHECK_FALSE(f.uses()[i].send);
  CHECK(f.sas.deadline() == start + seconds{128});

  SECTION("and they come into use one after another") {
    CHECK(f.sas.wake(f.plane, start + seconds{128}).applied.has_value());
    CHECK(f.uses()[1].send);
    CHECK_FALSE(f.uses()[2].send);
    CHECK(f.sas.deadline() == start + seconds{129});
  }
  SECTION("unless the key server takes away what is in use") {
    f.rekey(deletes({7}), seconds{115});
    REQUIRE(f.uses().size() == 3);
    CHECK(f.uses()[2] == Use{10, seconds{3595}, true, true});
  }
  SECTION("or does so with the rekey that brings the next") {
    auto last = rekey_with(lab_policy(11));
    last.policy->activation_delay = seconds{20};
    last.deletes.teks = {gdoi::Spi{7}};
    f.rekey(std::move(last), seconds{115});
    CHECK(f.uses().back() == Use{11, seconds{3600}, true, true});
  }
  SECTION("or they end") {
    CHECK(f.sas.find(gdoi::Spi{10})->fallback_until == start + seconds{109 + 3600});
  }
}

TEST_CASE("rekeys that follow one another faster than they come into use all have their delay") {
  Fixture f;
  f.install(lab_policy(1, seconds{40}));
  for (std::uint32_t spi = 2; spi <= 100; ++spi) {
    const seconds now{spi - 1};
    auto policy = lab_policy(spi, seconds{40});  // the new TEK alone
    policy.activation_delay = seconds{20};
    f.rekey(rekey_with(std::move(policy)), now);
    INFO("TEK " << spi);
    CHECK(f.sas.find(gdoi::Spi{spi})->send_from == start + now + seconds{20});
    while (f.sas.deadline() && *f.sas.deadline() <= start + now + seconds{1})
      REQUIRE(f.sas.wake(f.plane, *f.sas.deadline()).applied.has_value());
    CHECK(std::any_of(f.uses().begin(), f.uses().end(), [](const Use& use) { return use.send; }));
  }
}

TEST_CASE("a TEK that is yet to be used serves to its own end while the key server names it") {
  Fixture f;
  const auto list_of = [](std::vector<std::pair<std::uint32_t, seconds>> teks) {
    auto policy = lab_policy(teks[0].first, teks[0].second);
    const auto line = policy.entries[0].selector;
    for (std::size_t i = 1; i < teks.size(); ++i) {
      policy.entries.push_back(permit(line, teks[i].first));
      policy.teks.push_back(tek(teks[i].first, teks[i].second));
    }
    policy.activation_delay = seconds{16};
    return policy;
  };
  f.install(list_of({{7, seconds{20}}, {8, seconds{40}}}));
  f.rekey(rekey_with(list_of({{7, seconds{12}}, {8, seconds{32}}, {9, seconds{50}}})), seconds{8});
  CHECK(f.sas.find(gdoi::Spi{9})->send_from == start + seconds{24});
}

TEST_CASE("a rekey that repeats what is known changes nothing about it") {
  Fixture f;
  f.install(lab_policy(7));
  f.rekey(rekey_with(lab_policy(8)), seconds{3400});
  const auto before = f.sas.find(gdoi::Spi{8})->send_from;
  f.rekey(rekey_with(lab_policy(8, seconds{3590})), seconds{3410});
  CHECK(f.sas.find(gdoi::Spi{8})->send_from == before);
  CHECK(f.uses() == Uses{{7, seconds{190}, true, true}, {8, seconds{3590}, true, false}});
}

TEST_CASE("what a rekey deletes is gone at once, the list is not") {
  Fixture f;
  f.install(lab_policy(7));
  f.rekey(rekey_with(lab_policy(8)), seconds{100});
  f.rekey(deletes({7}), seconds{110});
  CHECK(f.uses() == Uses{{8, seconds{3590}, true, true}});  // no reason to wait any more
  CHECK(f.plane.applied.back().entries.size() == 2);
  f.rekey(deletes({8}), seconds{120});
  CHECK(f.uses().empty());
  CHECK(f.plane.applied.back().entries.size() == 2);
}

TEST_CASE("deletes come before the policy of the same rekey") {
  Fixture f;
  f.install(lab_policy(7));
  auto both = rekey_with(lab_policy(8));
  both.deletes.all_teks = true;
  f.rekey(std::move(both), seconds{100});
  REQUIRE(f.uses().size() == 1);
  CHECK(f.uses()[0].spi == 8);
}

TEST_CASE("a rekey that concerns no TEK does not bother the data plane") {
  Fixture f;
  f.install(lab_policy(7));
  gdoi::Rekey kek_only;
  kek_only.policy.emplace();
  kek_only.policy->kek = kek(0x20);
  f.rekey(std::move(kek_only), seconds{10});
  f.rekey(deletes({99}), seconds{11});
  CHECK(f.plane.applied.size() == 1);
  CHECK(f.sas.teks().size() == 1);
}

TEST_CASE("a rekey the data plane refuses leaves everything as it was") {
  Fixture f;
  f.install(lab_policy(7));
  f.plane.refusal = "no";
  CHECK_FALSE(f.sas.rekey(rekey_with(lab_policy(8)), f.plane, start));
  CHECK_FALSE(f.sas.rekey(deletes({7}), f.plane, start));
  REQUIRE(f.sas.teks().size() == 1);
  CHECK(f.sas.teks()[0].tek->spi == gdoi::Spi{7});
  CHECK(f.sas.teks()[0].tek->cipher_key.size() == 16);
}

TEST_CASE("a list with a line more keeps its TEK, and one with a line less too") {
  Fixture f;
  f.install(lab_policy(7));
  auto more = lab_policy(7);
  more.entries.push_back(permit(selector(site(4), site(5)), 7));
  f.rekey(rekey_with(std::move(more)), seconds{10});
  CHECK(f.plane.applied.back().entries.size() == 3);
  CHECK(f.uses() == Uses{{7, seconds{3590}, true, true}});
  auto less = lab_policy(7);
  less.entries.pop_back();
  f.rekey(rekey_with(std::move(less)), seconds{20});
  CHECK(f.plane.applied.back().entries.size() == 1);
}

TEST_CASE("what a predecessor left is kept: received until it ends, sent on when still named") {
  Fixture f;
  f.sas.adopt(
      {{found(6, false, seconds{50}), found(7, false, seconds{600}), found(7, true, seconds{600})},
       true},
      start);
  CHECK(f.plane.applied.empty());
  auto policy = lab_policy(7, seconds{700});
  policy.entries.push_back(permit(policy.entries[0].selector, 8));
  policy.teks.push_back(tek(8));
  f.install(std::move(policy), seconds{10});
  // Others may not know TEK 8 yet; 7 goes on until 30 s before its end.
  CHECK(f.uses() == Uses{{7, seconds{590}, true, true}, {8, seconds{3600}, true, false}});
  CHECK(f.plane.applied.back().kept == Kept{{6, false}});

  CHECK(f.sas.deadline() == start + seconds{50});
  CHECK(f.sas.wake(f.plane, start + seconds{50}).applied.has_value());
  CHECK(f.plane.applied.back().kept.empty());
}

TEST_CASE("a predecessor's TEK that the key server no longer names is not sent on") {
  Fixture f;
  f.sas.adopt({{found(6, false, seconds{500}), found(6, true, seconds{500})}, true}, start);
  f.install(lab_policy(8));
  CHECK(f.uses() == Uses{{8, seconds{3600}, true, true}});
  CHECK(f.plane.applied.back().kept == Kept{{6, false}});
  f.rekey(deletes({6}), seconds{5});
  CHECK(f.plane.applied.back().kept.empty());
}

TEST_CASE("fail-close is a state of its own, and ends with the first policy") {
  Fixture f;
  REQUIRE(f.sas.close(f.plane).has_value());
  CHECK(f.sas.closed());
  CHECK(f.plane.applied.back().mode == Installation::Mode::closed);
  REQUIRE(f.sas.reapply(f.plane, start).has_value());
  CHECK(f.plane.applied.back().mode == Installation::Mode::closed);
  f.install(lab_policy(7));
  CHECK_FALSE(f.sas.closed());
  CHECK(f.plane.applied.back().mode == Installation::Mode::list);
}

TEST_CASE("dropping all TEKs leaves the list in force") {
  Fixture f;
  f.install(lab_policy(7));
  REQUIRE(f.sas.drop_teks(f.plane, start).has_value());
  CHECK(f.uses().empty());
  CHECK(f.plane.applied.back().entries.size() == 2);
  CHECK(f.sas.teks().empty());
}

TEST_CASE("before the first policy there is nothing to drop, above all not a predecessor's list") {
  Fixture f;
  f.sas.adopt({{found(7, true, seconds{600})}, true}, start);
  REQUIRE(f.sas.drop_teks(f.plane, start).has_value());
  CHECK(f.plane.applied.empty());
}

TEST_CASE("the end of the last TEK is told, also when it was a predecessor's") {
  Fixture f;
  f.sas.adopt({{found(7, false, seconds{60})}, true}, start);
  CHECK(f.sas.wake(f.plane, start + seconds{60}).ran_out);
  f.install(lab_policy(7, seconds{10}), seconds{70});
  CHECK(f.sas.wake(f.plane, start + seconds{80}).ran_out);
}

TEST_CASE("the data plane is told which TEKs are for receiving only") {
  Fixture f;
  auto policy = lab_policy(7);
  policy.teks[0].policy.direction = gdoi::SaDirection::receiver_only;
  f.install(std::move(policy));
  CHECK(f.plane.applied.back().receive_only == std::vector<gdoi::Spi>{gdoi::Spi{7}});
  CHECK(f.sas.wake(f.plane, start + seconds{3600}).applied.has_value());
  // The lines are what they were when the TEK has ended.
  CHECK(f.plane.applied.back().receive_only == std::vector<gdoi::Spi>{gdoi::Spi{7}});
}

}  // namespace sa_table_rekey_test
