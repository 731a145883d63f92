// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/recovery_check.h"

#include <set>

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/agent/policies.h"

namespace recovery_check_test {

using namespace agent;
using namespace support;
using std::chrono::hours;

namespace {

constexpr gdoi::Spi old_spi{7}, new_spi{8};

// A data plane that counts, a clock that goes on by looks, and what the check made of it.
struct Watched {
  RecoveryCheck check{RecoveryOptions{}};
  SeededRandom random{1};
  Instant now{};
  std::map<std::pair<std::string, std::uint32_t>, std::uint64_t> counts;
  std::vector<gdoi::Spi> received{old_spi};
  std::vector<std::pair<Instant, std::vector<StrangeSpi>>> begun;
  bool cures = false;  // a registration brings what was strange

  void come(std::uint32_t spi, std::uint64_t packets, const std::string& from = "10.3.0.10") {
    counts[{from, spi}] += packets;
  }
  void pass(milliseconds span) {
    for (const Instant end = now + span; now < end; now += milliseconds{500}) {
      if (check.wants_look(now)) {
        std::vector<UnknownSpi> read;
        for (const auto& [key, packets] : counts)
          read.push_back({ip(key.first), gdoi::Spi{key.second}, packets});
        check.look(read, received, now, random);
      }
      auto strange = check.take(received, now);
      if (strange.empty()) continue;
      if (cures)
        for (const auto& one : strange) received.push_back(one.spi);
      begun.emplace_back(now, std::move(strange));
    }
  }
  // A sender that goes on, a packet a second.
  void stream(std::uint32_t spi, seconds span, const std::string& from = "10.3.0.10") {
    for (; span > seconds{0}; span -= seconds{1}) {
      come(spi, 1, from);
      pass(seconds{1});
    }
  }
};

}  // namespace

TEST_CASE("ESP that goes on under an SPI nobody gave us has us register within a minute") {
  Watched w;
  w.stream(8, seconds{60});
  REQUIRE(w.begun.size() == 1);
  CHECK(w.begun[0].first >= Instant{} + RecoveryCheck::persistence);
  CHECK(w.begun[0].first <= Instant{} + seconds{45});
  REQUIRE(w.begun[0].second.size() == 1);
  CHECK(w.begun[0].second[0].spi == new_spi);
  CHECK(w.begun[0].second[0].senders == std::vector{ip("10.3.0.10")});
  const auto status = w.check.status(w.now);
  CHECK(status.limit.registrations == 1);
  CHECK(status.packets >= 50);
  CHECK(status.limit.held_back_until == w.begun[0].first + seconds{300});
}

TEST_CASE("a reason that is held back counts as postponed, once for each pause") {
  Watched w;
  w.stream(8, seconds{60});
  REQUIRE(w.begun.size() == 1);
  const auto first = w.check.status(w.now).limit.postponed;
  CHECK(first <= 1);
  w.stream(8, seconds{120});
  CHECK(w.begun.size() == 1);
  CHECK(w.check.status(w.now).limit.postponed == 1);
  w.stream(8, seconds{300});
  CHECK(w.begun.size() == 2);
  w.stream(8, seconds{120});
  CHECK(w.check.status(w.now).limit.postponed == 2);
}

TEST_CASE("members begin at different times") {
  std::set<Instant> instants;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Watched w;
    w.random = SeededRandom{seed};
    w.stream(8, seconds{60});
    REQUIRE(w.begun.size() == 1);
    instants.insert(w.begun[0].first);
  }
  CHECK(instants.size() > 5);
  CHECK(*instants.rbegin() - *instants.begin() <= RecoveryCheck::jitter);
}

TEST_CASE("what a rollover shows is no reason to register") {
  Watched w;
  SECTION("a rekey that is ten seconds late") {
    w.stream(8, seconds{10});
    w.received.push_back(new_spi);
    w.stream(8, seconds{300});
  }
  SECTION("many packets at once") {
    w.come(8, 100'000);
    w.pass(seconds{300});
  }
  SECTION("fewer packets than configured") {
    w.come(8, 3);
    w.pass(seconds{30});
    w.come(8, 3);
    w.pass(seconds{300});
  }
  SECTION("a key that comes between the decision and the registration") {
    w.stream(8, seconds{21});
    w.received.push_back(new_spi);
    w.pass(seconds{300});
  }
  SECTION("another member that goes on with a key whose time is over for us") {
    w.pass(seconds{60});
    w.received = {new_spi};
    w.pass(seconds{60});
    w.stream(old_spi.value, seconds{600});
  }
  CHECK(w.begun.empty());
}

TEST_CASE("what the operator cleared may be what the others still have") {
  Watched w;
  w.pass(seconds{60});
  w.received = {new_spi};
  w.check.forget();
  w.stream(old_spi.value, seconds{60});
  CHECK(w.begun.size() == 1);
}

TEST_CASE("packets of all senders under one SPI count together") {
  Watched w;
  for (int round = 0; round < 4; ++round) {
    for (int host = 1; host <= 5; ++host) w.come(8, 1, "10.3.0." + std::to_string(host));
    w.pass(seconds{10});
  }
  w.pass(seconds{20});
  REQUIRE(w.begun.size() == 1);
  CHECK(w.begun[0].second[0].packets >= 10);
  CHECK(w.begun[0].second[0].senders.size() == 5);
}

TEST_CASE("an SPI that is another one each time does not count") {
  Watched w;
  for (std::uint32_t spi = 1000; spi < 3000; ++spi) {
    w.come(spi, 1);
    if (spi % 10 == 0) w.pass(seconds{1});
  }
  CHECK(w.begun.empty());
  CHECK(w.check.status(w.now).senders.size() == 16);
}

TEST_CASE("a stranger who never stops causes a registration every hour, and no more") {
  Watched w;
  w.stream(8, hours{24});
  const auto& begun = w.begun;
  REQUIRE(begun.size() > 20);
  CHECK(begun.size() <= 24 + 4);
  seconds pause{300};
  for (std::size_t i = 1; i < begun.size(); ++i) {
    CHECK(begun[i].first - begun[i - 1].first >= pause);
    pause = std::min<seconds>(2 * pause, RecoveryLimit::longest_pause);
  }
}

TEST_CASE("a stranger who stops and begins again is held back all the same") {
  Watched w;
  for (int i = 0; i < 40; ++i) {
    w.stream(static_cast<std::uint32_t>(1000 + i), seconds{90});
    w.pass(seconds{600});
  }
  const auto hours_passed = static_cast<std::size_t>((w.now - Instant{}) / hours{1});
  CHECK(w.begun.size() <= hours_passed + 4);
}

TEST_CASE("a registration that helped, or a quiet hour, ends the growing of pauses") {
  Watched w;
  seconds until_next{};
  SECTION("it helped") {
    w.cures = true;
    w.stream(8, seconds{60});
    w.stream(9, seconds{600});
    w.stream(10, seconds{600});
    REQUIRE(w.begun.size() == 3);
    until_next = std::chrono::duration_cast<seconds>(w.begun[2].first - w.begun[1].first);
  }
  SECTION("a quiet hour") {
    w.stream(8, seconds{1000});
    REQUIRE(w.begun.size() == 3);
    w.pass(hours{2});
    w.stream(9, seconds{400});
    REQUIRE(w.begun.size() == 5);
    until_next = std::chrono::duration_cast<seconds>(w.begun[4].first - w.begun[3].first);
  }
  CHECK(until_next >= seconds{300});
  CHECK(until_next < seconds{700});
}

TEST_CASE("counts that begin anew are no more than what came since") {
  Watched w;
  w.come(8, 9);
  w.pass(seconds{10});
  w.counts.clear();
  w.pass(seconds{10});
  w.come(8, 4);
  w.pass(seconds{10});
  CHECK(w.check.status(w.now).packets == 13);
  w.counts.clear();
  w.come(8, 2);
  w.pass(seconds{10});
  CHECK(w.check.status(w.now).packets == 15);
}

TEST_CASE("switched off it never looks; skipped it forgets what it was about to do") {
  RecoveryCheck off{RecoveryOptions{std::nullopt, 10}};
  CHECK_FALSE(off.deadline().has_value());
  CHECK_FALSE(off.wants_look(Instant{} + hours{1}));

  Watched w;
  while (w.check.deadline() >= w.now) {
    w.stream(8, seconds{1});
    if (w.now > Instant{} + seconds{20}) break;
  }
  w.check.skip(w.now);
  CHECK(w.check.deadline() == w.now + RecoveryCheck::look_pause);
  CHECK(w.check.take({}, w.now + seconds{30}).empty());
  w.check.configure(RecoveryOptions{std::nullopt, 10});
  CHECK_FALSE(w.check.deadline().has_value());
}

TEST_CASE("another interval counts from the next registration on") {
  Watched w;
  w.check.configure(RecoveryOptions{seconds{7200}, 10});
  w.stream(8, hours{9});
  REQUIRE(w.begun.size() >= 4);
  CHECK(w.begun.size() <= 5);
  for (std::size_t i = 1; i < w.begun.size(); ++i)
    CHECK(w.begun[i].first - w.begun[i - 1].first >= seconds{7200});
}

}  // namespace recovery_check_test
