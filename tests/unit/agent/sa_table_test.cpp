// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/sa_table.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace sa_table_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};
using Uses = std::vector<Use>;

struct Fixture {
  RecordingPlane plane;
  SaTable sas;

  void install(gdoi::GroupPolicy policy, seconds at = seconds{0}) {
    const auto installed = sas.install(std::move(policy), key_server(), plane, start + at);
    INFO((installed ? "" : installed.error().what));
    REQUIRE(installed.has_value());
  }
  void rekey(gdoi::GroupPolicy policy, seconds at) {
    gdoi::Rekey rekey;
    rekey.replaces_list = true;
    rekey.policy = std::move(policy);
    REQUIRE(sas.rekey(std::move(rekey), plane, start + at).has_value());
  }
  [[nodiscard]] const Uses& uses() const { return plane.applied.back().teks; }
};

}  // namespace

TEST_CASE("a first policy is received and sent on at once") {
  Fixture f;
  CHECK_FALSE(f.sas.from().has_value());
  f.install(lab_policy(7));
  CHECK(f.sas.from() == key_server());
  CHECK(f.plane.applied.size() == 1);
  CHECK(f.plane.applied[0].entries == lab_policy(7).entries);
  CHECK(f.uses() == Uses{{7, seconds{3600}, true, true}});
  CHECK(f.sas.deadline() == start + seconds{3600});
}

TEST_CASE("it is known under which SPIs anything is taken in") {
  Fixture f;
  f.sas.adopt({{{gdoi::Spi{5}, false, seconds{60}}, {gdoi::Spi{6}, true, seconds{60}}}, true},
              start);
  CHECK(f.sas.receives(gdoi::Spi{5}));
  CHECK_FALSE(f.sas.receives(gdoi::Spi{6}));
  auto policy = lab_policy(7);
  policy.entries.push_back(permit(selector(site(4), site(5)), 8));
  policy.teks.push_back(tek(8));
  policy.teks.back().policy.direction = gdoi::SaDirection::sender_only;
  f.install(std::move(policy));
  CHECK(f.sas.receives(gdoi::Spi{7}));
  CHECK_FALSE(f.sas.receives(gdoi::Spi{8}));
  CHECK(f.sas.wake(f.plane, start + seconds{60}).applied.has_value());
  CHECK_FALSE(f.sas.receives(gdoi::Spi{5}));
}

TEST_CASE("of two TEKs of a first policy the one that ends first is sent on, as others do") {
  Fixture f;
  auto policy = lab_policy(9, seconds{40});
  policy.entries.push_back(permit(policy.entries[0].selector, 8));
  policy.teks.push_back(tek(8, seconds{600}));
  f.install(std::move(policy));
  CHECK(f.uses() == Uses{{9, seconds{40}, true, true}, {8, seconds{600}, true, false}});
  CHECK(f.sas.deadline() == start + seconds{10});
  CHECK(f.sas.wake(f.plane, start + seconds{10}).applied.has_value());
  CHECK(f.uses() == Uses{{9, seconds{30}, true, true}, {8, seconds{590}, true, true}});
}

TEST_CASE("a line of a first policy with a TEK of its own waits for nobody") {
  Fixture f;
  auto policy = lab_policy(9, seconds{40});
  policy.entries.push_back(permit(selector(site(4), site(5)), 8));
  policy.teks.push_back(tek(8, seconds{600}));
  f.install(std::move(policy));
  CHECK(f.uses() == Uses{{9, seconds{40}, true, true}, {8, seconds{600}, true, true}});
}

TEST_CASE("a new TEK is received at once and sent on 30 s before the old one ends") {
  Fixture f;
  f.install(lab_policy(7));
  f.rekey(lab_policy(8), seconds{3400});  // 200 s before the end
  CHECK(f.uses() == Uses{{7, seconds{200}, true, true}, {8, seconds{3600}, true, false}});
  REQUIRE(f.sas.deadline() == start + seconds{3570});

  CHECK(f.sas.wake(f.plane, start + seconds{3570}).applied.has_value());
  CHECK(f.uses() == Uses{{7, seconds{30}, true, true}, {8, seconds{3430}, true, true}});
  CHECK(f.sas.wake(f.plane, start + seconds{3571}).applied.has_value());
  REQUIRE(f.sas.deadline() == start + seconds{3600});

  const auto woken = f.sas.wake(f.plane, start + seconds{3600});
  CHECK(woken.expired == std::vector<gdoi::Spi>{gdoi::Spi{7}});
  CHECK(f.uses() == Uses{{8, seconds{3400}, true, true}});
  CHECK(f.sas.deadline() == start + seconds{7000});
}

TEST_CASE("a new TEK is sent on at once when the old one is about to end, or has") {
  Fixture f;
  f.install(lab_policy(7));
  SECTION("about to end") {
    f.rekey(lab_policy(8), seconds{3580});
    CHECK(f.uses() == Uses{{7, seconds{20}, true, true}, {8, seconds{3600}, true, true}});
  }
  SECTION("has ended") {
    CHECK(f.sas.wake(f.plane, start + seconds{3600}).applied.has_value());
    CHECK(f.uses().empty());
    f.install(lab_policy(8), seconds{5000});
    CHECK(f.uses() == Uses{{8, seconds{3600}, true, true}});
  }
}

TEST_CASE("the key server's activation delay decides when there is one") {
  Fixture f;
  f.install(lab_policy(7));
  auto policy = lab_policy(8);
  policy.activation_delay = seconds{15};
  f.install(std::move(policy), seconds{1000});
  CHECK(f.sas.deadline() == start + seconds{1015});

  SECTION("though not for a first policy") {
    Fixture first;
    auto delayed = lab_policy(9);
    delayed.activation_delay = seconds{15};
    first.install(std::move(delayed));
    CHECK(first.uses() == Uses{{9, seconds{3600}, true, true}});
  }
  SECTION("and never beyond the end of the old TEK") {
    auto late = lab_policy(9);
    late.activation_delay = seconds{10000};
    f.install(std::move(late), seconds{3500});
    CHECK(f.sas.find(gdoi::Spi{9})->send_from <= start + seconds{4600});
  }
  SECTION("which is left some seconds before it ends") {
    Fixture last;
    last.install(lab_policy(7));
    auto late = lab_policy(8);
    late.activation_delay = seconds{200};
    last.install(std::move(late), seconds{3400});
    CHECK(last.sas.find(gdoi::Spi{8})->send_from == start + seconds{3595});
  }
}

TEST_CASE("a TEK replaced long before its end is sent on for a limited time only") {
  Fixture f;
  f.install(lab_policy(7, seconds{80000}));
  f.rekey(lab_policy(8), seconds{100});
  CHECK(f.sas.deadline() == start + seconds{100 + 30 + 360});
  CHECK(f.sas.wake(f.plane, start + seconds{490}).applied.has_value());
  // The policy in force counts more than the longer life.
  CHECK(f.uses() == Uses{{7, seconds{79510}, true, true}, {8, seconds{3210}, true, true}});
}

TEST_CASE("a TEK that others were seen to send on is sent on at once, and what came with it") {
  Fixture f;
  f.install(lab_policy(7));
  auto policy = lab_policy(8);
  policy.entries[1].spi = gdoi::Spi{9};
  policy.teks.push_back(tek(9));
  SECTION("under one of its SPIs") {
    f.sas.others_send_on({gdoi::Spi{9}, gdoi::Spi{77}});
    f.rekey(std::move(policy), seconds{10});
    CHECK(f.uses() == Uses{{7, seconds{3590}, true, true},
                           {8, seconds{3600}, true, true},
                           {9, seconds{3600}, true, true}});
  }
  SECTION("under none of them") {
    f.sas.others_send_on({gdoi::Spi{77}});
    f.rekey(std::move(policy), seconds{10});
    CHECK(f.uses() == Uses{{7, seconds{3590}, true, true},
                           {8, seconds{3600}, true, false},
                           {9, seconds{3600}, true, false}});
  }
  SECTION("but not before an older one of the same policy ends") {
    auto rollover = lab_policy(8, seconds{100});
    for (const auto& entry : lab_policy(9).entries) rollover.entries.push_back(entry);
    rollover.teks.push_back(tek(9));
    f.sas.others_send_on({gdoi::Spi{8}});
    f.install(std::move(rollover), seconds{10});
    CHECK(f.uses() == Uses{{7, seconds{3590}, true, true},
                           {8, seconds{100}, true, true},
                           {9, seconds{3600}, true, false}});
  }
}

TEST_CASE("a line that is new is sent on its TEK at once") {
  Fixture f;
  f.install(lab_policy(7));
  auto policy = lab_policy(7);
  policy.entries.push_back(permit(selector(site(4), site(5)), 8));
  policy.teks.push_back(tek(8));
  f.install(std::move(policy), seconds{10});
  CHECK(f.uses() == Uses{{7, seconds{3590}, true, true}, {8, seconds{3600}, true, true}});
}

TEST_CASE("no line is ever left without a TEK to send on when lines are put together") {
  // Two lines with TEKs of their own come under one new TEK.
  Fixture f;
  auto two = lab_policy(7, seconds{100});
  two.entries[1].spi = gdoi::Spi{6};
  two.teks.push_back(tek(6, seconds{1000}));
  f.install(std::move(two));
  f.rekey(lab_policy(8), seconds{10});
  CHECK(f.sas.find(gdoi::Spi{8})->send_from == start + seconds{70});
}

TEST_CASE("the deactivation delay shortens the life of replaced TEKs only") {
  Fixture f;
  f.install(lab_policy(7));
  auto policy = lab_policy(8);
  policy.activation_delay = seconds{15};
  policy.deactivation_delay = seconds{45};
  f.install(std::move(policy), seconds{1000});
  CHECK(f.uses() == Uses{{7, seconds{45}, true, true}, {8, seconds{3600}, true, false}});
  CHECK(f.sas.wake(f.plane, start + seconds{1015}).applied.has_value());
  CHECK(f.sas.wake(f.plane, start + seconds{1045}).deactivated ==
        std::vector<gdoi::Spi>{gdoi::Spi{7}});
  CHECK(f.uses() == Uses{{8, seconds{3555}, true, true}});
}

TEST_CASE("a policy that repeats a TEK changes nothing about it") {
  Fixture f;
  f.install(lab_policy(7));
  f.install(lab_policy(7, seconds{1500}), seconds{2000});
  CHECK(f.uses() == Uses{{7, seconds{1500}, true, true}});
  SECTION("though its life can get shorter, not longer") {
    f.install(lab_policy(7, seconds{9000}), seconds{2000});
    CHECK(f.uses() == Uses{{7, seconds{1500}, true, true}});
  }
}

TEST_CASE("other keys under an SPI in use are refused") {
  Fixture f;
  f.install(lab_policy(7));
  auto policy = lab_policy(7);
  policy.teks[0].cipher_key = key(16, 0xee);
  const auto installed = f.sas.install(std::move(policy), key_server(), f.plane, start);
  REQUIRE_FALSE(installed.has_value());
  CHECK(installed.error().what == "TEK 0x00000007: other keys under an SPI that is in use");
  CHECK(f.plane.applied.size() == 1);
}

TEST_CASE("a refusal of the data plane leaves everything as it was") {
  Fixture f;
  SECTION("nothing before") {
    f.plane.refusal = "state in, SPI 0x7: no";
    const auto installed = f.sas.install(lab_policy(7), key_server(), f.plane, start);
    REQUIRE_FALSE(installed.has_value());
    CHECK(installed.error().what == "state in, SPI 0x7: no");
    CHECK_FALSE(f.sas.from().has_value());
    CHECK(f.sas.teks().empty());
    CHECK_FALSE(f.sas.deadline().has_value());
  }
  SECTION("a policy before") {
    f.install(lab_policy(7));
    f.plane.refusal = "no";
    auto policy = lab_policy(8);
    policy.deactivation_delay = seconds{5};
    CHECK_FALSE(f.sas.install(std::move(policy), key_server("10.0.0.6"), f.plane, start));
    CHECK(f.sas.from() == key_server());
    REQUIRE(f.sas.teks().size() == 1);
    CHECK(f.sas.teks()[0].tek->spi == gdoi::Spi{7});
    CHECK(f.sas.teks()[0].current);
    CHECK(f.sas.teks()[0].expires == start + seconds{3600});
    CHECK(f.sas.entries().size() == 2);
  }
}

TEST_CASE("the list stays in force when the last TEK has expired") {
  Fixture f;
  f.install(lab_policy(7));
  CHECK(f.sas.wake(f.plane, start + seconds{3600}).applied.has_value());
  CHECK(f.plane.applied.back().entries.size() == 2);
  CHECK(f.uses().empty());
  CHECK_FALSE(f.sas.deadline().has_value());
  CHECK(f.sas.from().has_value());
}

TEST_CASE("a change the data plane refuses is tried again after pauses that grow, not at once") {
  Fixture f;
  f.install(lab_policy(7));
  f.plane.refusal = "busy";
  const auto expiry = start + seconds{3600};
  const auto woken = f.sas.wake(f.plane, expiry);
  CHECK(woken.expired.size() == 1);
  CHECK_FALSE(woken.applied.has_value());
  CHECK(f.sas.deadline() == expiry + SaTable::first_retry_pause);
  CHECK(f.sas.teks().empty());  // the keys are gone whatever the kernel says

  CHECK(f.sas.wake(f.plane, expiry + milliseconds{999}).applied.has_value());
  CHECK(f.plane.refused == 1);
  for (const int seconds_between : {2, 4, 8, 16, 30, 30}) {
    const auto due = *f.sas.deadline();
    CHECK_FALSE(f.sas.wake(f.plane, due).applied.has_value());
    CHECK(f.sas.retry_pause() == seconds{seconds_between});
    CHECK(f.sas.deadline() == due + seconds{seconds_between});
  }
  f.plane.refusal.clear();
  CHECK(f.sas.wake(f.plane, *f.sas.deadline()).applied.has_value());
  CHECK(f.uses().empty());
  CHECK_FALSE(f.sas.deadline().has_value());
}

TEST_CASE("waking early does nothing") {
  Fixture f;
  CHECK(f.sas.wake(f.plane, start).expired.empty());
  f.install(lab_policy(7));
  CHECK(f.sas.wake(f.plane, start + seconds{3599}).expired.empty());
  CHECK(f.plane.applied.size() == 1);
}

TEST_CASE("directions of the key server are kept") {
  Fixture f;
  auto policy = lab_policy(7);
  policy.teks[0].policy.direction = gdoi::SaDirection::receiver_only;
  f.install(std::move(policy));
  CHECK(f.uses() == Uses{{7, seconds{3600}, true, false}});

  auto sender = lab_policy(8);
  sender.teks[0].policy.direction = gdoi::SaDirection::sender_only;
  f.install(std::move(sender), seconds{1});
  // What only receives does not hold up the one that sends.
  CHECK(f.uses() == Uses{{7, seconds{3599}, true, false}, {8, seconds{3600}, false, true}});
}

TEST_CASE("three generations of TEKs live side by side") {
  Fixture f;
  f.install(lab_policy(7, seconds{120}));
  f.install(lab_policy(8, seconds{120}), seconds{60});
  f.install(lab_policy(9, seconds{120}), seconds{100});
  REQUIRE(f.uses().size() == 3);
  CHECK(f.uses()[0] == Use{7, seconds{20}, true, true});
  CHECK(f.uses()[1].spi == 8);
  CHECK(f.uses()[2].spi == 9);
  // At every instant one of them is sent on, and it is one the others had time to fetch.
  for (int t = 100; t < 220; ++t) {
    if (f.sas.deadline() && *f.sas.deadline() <= start + seconds{t})
      CHECK(f.sas.wake(f.plane, start + seconds{t}).applied.has_value());
    CHECK(std::any_of(f.uses().begin(), f.uses().end(), [](const Use& use) { return use.send; }));
  }
}

}  // namespace sa_table_test
