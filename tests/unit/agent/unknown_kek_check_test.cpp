// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/unknown_kek_check.h"

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/agent/policies.h"

namespace unknown_kek_check_test {

using namespace agent;
using namespace support;
using std::chrono::hours;

namespace {

gdoi::RekeySpi kek(std::uint8_t octet) {
  gdoi::RekeySpi out;
  out.initiator.bytes.fill(std::byte{octet});
  return out;
}

struct Watched {
  UnknownKekCheck check{RecoveryOptions{}};
  SeededRandom random{1};
  Instant now{};
  std::vector<gdoi::RekeySpi> held{kek(1)};
  std::vector<std::pair<Instant, UnknownKek>> begun;
  bool cures = false;  // a registration brings the KEK

  Watched() { check.follow(held, now); }
  void come(std::uint8_t octet) {
    check.rekey_came({kek(octet), {ip("10.0.0.5"), 848}}, now, random);
  }
  void pass(milliseconds span) {
    for (const Instant end = now + span; now < end; now += milliseconds{500}) {
      check.follow(held, now);
      const auto one = check.take(now);
      if (!one) continue;
      if (cures) held = {one->spi};
      begun.emplace_back(now, *one);
    }
  }
};

}  // namespace

TEST_CASE("a rekey under a KEK that nobody gave us has us register with its sender") {
  Watched w;
  w.come(2);
  w.pass(seconds{20});
  REQUIRE(w.begun.size() == 1);
  CHECK(w.begun[0].first >= Instant{} + UnknownKekCheck::settling);
  CHECK(w.begun[0].first <= Instant{} + seconds{16});
  CHECK(w.begun[0].second.spi == kek(2));
  CHECK(w.begun[0].second.from == gdoi::Endpoint{ip("10.0.0.5"), 848});
  CHECK(w.check.status(w.now).rekeys == 1);
  CHECK(w.check.status(w.now).limit.registrations == 1);
}

TEST_CASE("rekeys that overtook one another, or are late, are no reason to register") {
  Watched w;
  SECTION("the KEK is announced a moment later") {
    w.come(2);
    w.pass(seconds{2});
    w.held.push_back(kek(2));
    w.pass(seconds{60});
  }
  SECTION("a copy comes under the KEK before") {
    w.held = {kek(2)};
    w.pass(seconds{60});
    w.come(1);
    w.pass(seconds{60});
    CHECK(w.check.status(w.now).rekeys == 0);
  }
  SECTION("a registration is under way") {
    w.come(2);
    w.check.skip();
    w.pass(seconds{60});
  }
  CHECK(w.begun.empty());
}

TEST_CASE("what the operator cleared may be the KEK that the group still has") {
  Watched w;
  w.check.forget();
  w.held = {kek(2)};
  w.check.follow(w.held, w.now);
  w.come(1);
  w.pass(seconds{20});
  CHECK(w.begun.size() == 1);
}

TEST_CASE("forged rekeys cause a registration every hour, and no more") {
  Watched w;
  std::uint8_t octet = 2;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    for (int i = 0; i < 20; ++i) w.come(octet = octet == 255 ? 2 : octet + 1);
    w.pass(seconds{60});
  }
  CHECK(w.begun.size() > 20);
  CHECK(w.begun.size() <= 24 + 4);
}

TEST_CASE("a KEK that the registration did not bring is another group's, and asked for once") {
  Watched w;
  for (int minute = 0; minute < 24 * 60; ++minute) {
    w.come(2);
    if (minute % 60 == 30) w.come(3);
    w.pass(seconds{60});
  }
  CHECK(w.begun.size() == 2);
  CHECK(w.check.status(w.now).rekeys == 24 * 61);
}

TEST_CASE("a registration that brought the KEK ends the growing of pauses") {
  Watched w;
  w.cures = true;
  for (std::uint8_t octet = 2; octet < 12; ++octet) {
    w.come(octet);
    w.pass(seconds{400});
  }
  CHECK(w.begun.size() == 10);
}

TEST_CASE("switched off, rekeys under unknown KEKs are no reason") {
  Watched w;
  w.check.configure(RecoveryOptions{std::nullopt, 10});
  w.come(2);
  CHECK_FALSE(w.check.deadline().has_value());
  w.pass(seconds{60});
  CHECK(w.begun.empty());
  w.check.configure(RecoveryOptions{});
  w.come(2);
  w.pass(seconds{60});
  CHECK(w.begun.size() == 1);
}

}  // namespace unknown_kek_check_test
