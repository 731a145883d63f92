// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/one_way_check.h"

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"

namespace one_way_check_test {

using namespace agent;
using namespace support;
using std::chrono::hours;

namespace {

// A data plane that counts, and what the check made of it.
struct Watched {
  OneWayCheck check{RecoveryOptions{}};
  SeededRandom random{1};
  Instant now{};
  std::vector<TekCounters> counts{{gdoi::Spi{7}, false, 0}, {gdoi::Spi{7}, true, 0}};
  std::vector<std::pair<Instant, OneWay>> begun;

  void pass(seconds span, std::uint64_t in = 0, std::uint64_t out = 0) {  // packets a second
    for (; span > seconds{0}; span -= seconds{1}, now += seconds{1}) {
      counts[0].packets += in;
      counts[1].packets += out;
      if (check.wants_look(now)) check.look(counts, now, random);
      if (const auto one = check.take(now)) begun.emplace_back(now, *one);
    }
  }
};

}  // namespace

TEST_CASE("traffic that has become one-way has us register within a minute") {
  Watched w;
  w.pass(seconds{60}, 1, 1);
  const Instant silent = w.now;
  w.pass(seconds{60}, 0, 1);
  REQUIRE(w.begun.size() == 1);
  CHECK(w.begun[0].first >= silent + OneWayCheck::persistence - OneWayCheck::look_pause);
  CHECK(w.begun[0].first <= silent + seconds{56});
  CHECK(w.begun[0].second.unanswered >= 10);
  CHECK(w.begun[0].second.span >= OneWayCheck::persistence);
  CHECK(w.check.status(w.now).registrations == 1);
}

TEST_CASE("answers to a few packets, before the first look, are answers") {
  Watched w;
  w.check.skip(w.now);
  w.pass(seconds{2}, 2, 2);
  w.pass(seconds{60}, 0, 1);
  CHECK(w.begun.size() == 1);
}

TEST_CASE("an idle time before the silence, and within it, changes nothing") {
  Watched w;
  w.pass(seconds{20}, 3, 3);
  w.pass(seconds{200});
  w.pass(seconds{15}, 0, 1);
  w.pass(seconds{60});
  w.pass(seconds{60}, 0, 1);
  CHECK(w.begun.size() == 1);
}

TEST_CASE("who never had answers enough goes on without them") {
  Watched w;
  SECTION("from the start") { w.pass(seconds{600}, 0, 10); }
  SECTION("a poll now and then") {
    for (int i = 0; i < 10; ++i) {
      w.pass(seconds{10}, 1, 10);
      w.pass(seconds{120}, 0, 10);
    }
  }
  SECTION("answers of long ago") {
    w.pass(seconds{60}, 1, 1);
    w.pass(seconds{400});
    w.pass(seconds{600}, 0, 10);
  }
  CHECK(w.begun.empty());
}

TEST_CASE("answers that come back before the registration begins cancel it") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Watched w;
    w.random = SeededRandom{seed};
    w.pass(seconds{60}, 1, 1);
    while (w.check.deadline() && w.begun.empty() && w.now < Instant{} + seconds{200}) {
      w.pass(seconds{19}, 0, 1);
      w.pass(seconds{11}, 1, 1);
    }
    CHECK(w.begun.empty());
  }
}

TEST_CASE("a few packets without an answer are no reason") {
  Watched w;
  w.pass(seconds{60}, 1, 1);
  w.pass(seconds{9}, 0, 1);
  w.pass(seconds{300});
  CHECK(w.begun.empty());
}

TEST_CASE("a site that is down costs a registration every hour, and no more") {
  Watched w;
  w.pass(seconds{60}, 1, 1);
  w.pass(hours{24}, 0, 1);
  CHECK(w.begun.size() > 20);
  CHECK(w.begun.size() <= 24 + 4);
}

TEST_CASE("packets that come in again after a registration end the growing of pauses") {
  Watched w;
  for (int i = 0; i < 10; ++i) {
    w.pass(seconds{60}, 1, 1);
    w.pass(seconds{340}, 0, 1);
  }
  CHECK(w.begun.size() >= 9);
}

TEST_CASE("another TEK's counters count, and counters that begin anew are no more than what came") {
  Watched w;
  w.pass(seconds{60}, 1, 1);
  w.counts.push_back({gdoi::Spi{8}, false, 0});
  for (int i = 0; i < 60; ++i) {
    w.counts[2].packets += 1;
    w.pass(seconds{1}, 0, 1);
  }
  CHECK(w.begun.empty());
  w.counts[1].packets = 0;
  w.pass(seconds{9}, 1, 1);
  CHECK(w.begun.empty());
}

TEST_CASE("switched off it never looks; skipped it begins anew") {
  OneWayCheck off{RecoveryOptions{std::nullopt, 10}};
  CHECK_FALSE(off.deadline().has_value());
  CHECK_FALSE(off.wants_look(Instant{} + hours{1}));

  Watched w;
  w.pass(seconds{60}, 1, 1);
  w.pass(seconds{19}, 0, 1);
  w.check.skip(w.now);
  CHECK(w.check.deadline() == w.now + OneWayCheck::look_pause);
  w.pass(seconds{15}, 0, 1);
  CHECK(w.begun.empty());
}

}  // namespace one_way_check_test
