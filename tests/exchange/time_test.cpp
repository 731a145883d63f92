// SPDX-License-Identifier: GPL-2.0-or-later
// Fail-over, back-off and re-registration on a clock that runs as fast as it can.

#include "gdoi/retransmit.h"
#include "tests/exchange/network.h"
#include "tests/support/catch.h"

namespace time_test {

using namespace exchange;
using ks::operator+;

namespace {

ks::Script with_lives(unsigned tek, std::optional<unsigned> kek = std::nullopt) {
  ks::Script out;
  out.group = ks::lab_group(kek.has_value());
  for (auto& sat : out.group.sats) sat.attributes = ks::aes_sha256(128, tek);
  if (kek)
    out.group.sak->attributes =
        ks::tv(2, 3) + ks::tv(3, 128) + ks::tlv(4, ks::be(*kek, 4)) + ks::tv(5, 3) + ks::tv(6, 1);
  return out;
}

// How long after a registration the next one begins.
milliseconds interval(ks::Script script, gdoi::Timers timers = {}, std::uint64_t seed = 1) {
  auto config = member_config({"10.0.0.5"});
  config.timers = timers;
  Network network{std::move(config), seed};
  network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(1s);
  REQUIRE(network.registered());
  REQUIRE(network.status().reregister_at);
  return std::chrono::duration_cast<milliseconds>(*network.status().reregister_at -
                                                  network.policies.front().at);
}

}  // namespace

TEST_CASE("a member asks again before its TEK ends, by a share of its life and some chance") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const auto after = interval(with_lives(3600), {}, seed);
    CHECK(after <= 3600s - 180s);          // 5 %
    CHECK(after >= 3600s - 252s - 100ms);  // and up to 2 % more
  }
  CHECK(interval(with_lives(3600), {}, 1) != interval(with_lives(3600), {}, 2));
}

TEST_CASE("a short TEK leaves at least the floor, but never more than half its life") {
  CHECK(interval(with_lives(600)) <= 540s);
  CHECK(interval(with_lives(600)) >= 527s);
  CHECK(interval(with_lives(60)) <= 30s);
  CHECK(interval(with_lives(60)) >= 29s);
  CHECK(interval(with_lives(2)) >= 1s - 100ms);
  CHECK(interval(with_lives(1)) >= 1s);  // at most one registration a second
}

TEST_CASE("the KEK's end counts as well as the TEK's") {
  const auto after = interval(with_lives(3600, 1200));
  CHECK(after <= 1140s);
  CHECK(after >= 1100s);
}

TEST_CASE("a TEK that a longer-lived one replaces does not hurry the member") {
  auto script = with_lives(3600);
  const auto lasting = script.group.sats;
  for (auto sat : lasting) {
    sat.spi = 99;
    sat.attributes = ks::aes_sha256(128, 20);
    script.group.sats.push_back(sat);
  }
  script.group.packets.push_back(ks::tek_packet(99, 16, 32));
  CHECK(interval(std::move(script)) > 3000s);
}

TEST_CASE("a TEK that protects something nobody else does, hurries the member") {
  auto script = with_lives(3600);
  auto sat = script.group.sats.front();
  sat.source = ks::subnet("10.7.0.0", 16);
  sat.spi = 99;
  sat.attributes = ks::aes_sha256(128, 300);
  script.group.sats.push_back(sat);
  script.group.packets.push_back(ks::tek_packet(99, 16, 32));
  CHECK(interval(std::move(script)) < 300s);
}

TEST_CASE("timers are the operator's to set") {
  gdoi::Timers timers;
  timers.reregister_floor = seconds{600};
  timers.reregister_jitter_percent = 0;
  CHECK(interval(with_lives(3600), timers) <= 3000s);
  timers.reregister_percent = 40;
  CHECK(interval(with_lives(3600), timers) <= 2160s);
  timers.reregister_percent = 100;  // never more than half
  CHECK(interval(with_lives(3600), timers) >= 1800s - 100ms);
}

TEST_CASE("for three weeks the policy is renewed in time, always") {
  Network network{member_config({"10.0.0.5"})};
  auto& key_server = network.attach("10.0.0.5");
  network.start();
  network.run(1s);
  REQUIRE(network.registered());
  bool lapsed = false;
  network.run(21 * 24h, [&] {
    lapsed = lapsed || !network.status().registered_with;
    return lapsed;
  });

  CHECK_FALSE(lapsed);
  CHECK(network.failures.empty());
  CHECK(key_server.seen().complaints.empty());
  CHECK(key_server.seen().initial_contacts == 1);
  // 3600 s less 5 to 7 percent each.
  CHECK(network.policies.size() > 21 * 24 * 100 / 95);
  CHECK(network.policies.size() < 21 * 24 * 100 / 92);
  for (std::size_t i = 1; i < network.policies.size(); ++i) {
    const auto gap = network.policies[i].at - network.policies[i - 1].at;
    REQUIRE(gap > 3600s - 260s);
    REQUIRE(gap < 3600s - 170s);
  }
}

TEST_CASE("through weeks of bad weather and outages the member neither spins nor gives up") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    INFO("seed " << seed);
    Network network{member_config({"10.0.0.5", "10.0.0.6"}), seed};
    std::mt19937_64 dice{seed};
    network.attach("10.0.0.5");
    network.attach("10.0.0.6");
    network.weather = {10, 10, 10};
    bool up = true;
    network.tap = [&](Way, gdoi::Bytes&) { return up; };
    network.start();
    for (int day = 0; day < 14; ++day) {
      up = dice() % 3 != 0;
      network.run(24h);
    }
    up = true;
    network.run(1h, [&] { return network.registered(); });
    CHECK(network.registered());
    // Back-off rests for 300 s at least, and an attempt at a silent server takes 62 s.
    CHECK(network.started.size() < 14 * 24 * 3600 / 200);
    CHECK(network.started.size() > 14 * 24);
  }
}

TEST_CASE("a policy that ran out is no longer said to be in force") {
  Network network{member_config({"10.0.0.5"})};
  network.attach("10.0.0.5");
  network.start();
  network.run(1s);
  REQUIRE(network.registered());
  network.tap = [](Way, gdoi::Bytes&) { return false; };
  network.run(3598s);
  CHECK(network.status().registered_with);
  network.run(2s);
  CHECK_FALSE(network.status().registered_with);
  CHECK(network.status().state != gdoi::MemberStatus::State::registered);
}

TEST_CASE("the key servers are asked in order, and the one that works is kept") {
  Network network{member_config({"10.0.0.5", "10.0.0.6", "10.0.0.7"})};
  ks::Script refusing;
  refusing.group.id = ks::be(101, 4);
  network.attach("10.0.0.6", std::move(refusing));
  network.attach("10.0.0.7");
  network.start();
  network.run(5min, [&] { return network.registered(); });

  REQUIRE(network.registered());
  REQUIRE(network.failures.size() == 2);
  CHECK(network.failures[0].report.key_server == endpoint("10.0.0.5"));
  CHECK(network.failures[0].report.next_key_server == endpoint("10.0.0.6"));
  CHECK(network.failures[0].report.retry_in == 0ms);
  CHECK(network.failures[1].report.key_server == endpoint("10.0.0.6"));
  CHECK(network.failures[1].report.next_key_server == endpoint("10.0.0.7"));
  CHECK(network.status().registered_with == endpoint("10.0.0.7"));

  SECTION("for the next time") {
    network.run(2h);
    CHECK(network.policies.size() == 3);
    CHECK(network.policies.back().what.from == endpoint("10.0.0.7"));
    CHECK(network.failures.size() == 2);
  }
  SECTION("until it does not work any more") {
    network.attach("10.0.0.5");
    network.attach("10.0.0.7").script().instead[ks::Step::mm2] = {};
    network.run(2h);
    CHECK(network.policies.back().what.from == endpoint("10.0.0.5"));
    CHECK(network.status().registered_with == endpoint("10.0.0.5"));
  }
}

TEST_CASE("each key server has its own pre-shared key") {
  auto config = member_config({"10.0.0.5", "10.0.0.6"});
  config.key_servers[1].pre_shared_key = secret("ANOTHER");
  Network network{std::move(config)};
  ks::Script other;
  other.psk = ks::text("ANOTHER");
  network.attach("10.0.0.6", std::move(other));
  network.start();
  network.run(2min, [&] { return network.registered(); });
  CHECK(network.status().registered_with == endpoint("10.0.0.6"));
}

TEST_CASE("when all key servers failed, the member rests longer and longer") {
  Network network{member_config({"10.0.0.5", "10.0.0.6"})};
  network.start();
  network.run(6h);

  std::vector<milliseconds> rests;
  for (const auto& failure : network.failures)
    if (failure.report.retry_in > 0ms) {
      rests.push_back(failure.report.retry_in);
      CHECK(failure.report.next_key_server == endpoint("10.0.0.5"));
    }
  REQUIRE(rests.size() > 10);
  milliseconds expected = 5s;
  for (const auto rest : rests) {
    CHECK(rest >= expected);
    CHECK(rest <= expected + expected / 4);
    expected = std::min<milliseconds>(2 * expected, 300s);
  }
  CHECK(network.status().registrations_attempted == network.started.size());
  CHECK(network.status().registrations_succeeded == 0);

  SECTION("and begins with short rests again after a success") {
    network.attach("10.0.0.6");
    network.run(30min, [&] { return network.registered(); });
    REQUIRE(network.registered());
    network.tap = [](Way, gdoi::Bytes&) { return false; };
    network.failures.clear();
    network.run(2h, [&] {
      return !network.failures.empty() && network.failures.back().report.retry_in > 0ms;
    });
    CHECK(network.failures.back().report.retry_in < 7s);
  }
}

TEST_CASE("a key server that refuses at once is not asked in a tight loop") {
  auto config = member_config({"10.0.0.5"});
  config.group = gdoi::GroupNumber{101};
  config.timers.back_off_first = milliseconds{0};
  config.timers.back_off_max = milliseconds{0};
  Network network{std::move(config)};
  network.attach("10.0.0.5");
  network.start();
  network.run(1h);
  CHECK(network.started.size() > 100);
  CHECK(network.started.size() <= 3600);
}

TEST_CASE("two members that lost the same key server do not come back together") {
  const auto rest = [](std::uint64_t seed) {
    Network network{member_config({"10.0.0.5"}), seed};
    network.start();
    network.run(2min, [&] { return !network.failures.empty(); });
    return network.failures.front().report.retry_in;
  };
  CHECK(rest(1) != rest(2));
}

TEST_CASE("reregister does not disturb a registration that runs") {
  Network network{member_config({"10.0.0.5"})};
  network.attach("10.0.0.5");
  network.start();
  network.reregister();
  network.start();
  network.run(1s);
  CHECK(network.started.size() == 1);
  CHECK(network.registered());
}

TEST_CASE("reregister ends a rest at once") {
  Network network{member_config({"10.0.0.5"})};
  network.start();
  network.run(2min, [&] { return !network.failures.empty(); });
  REQUIRE(network.status().state == gdoi::MemberStatus::State::waiting);
  network.attach("10.0.0.5");
  network.reregister();
  network.run(1s);
  CHECK(network.registered());
}

TEST_CASE("a wake before the deadline does nothing") {
  Network network{member_config({"10.0.0.5"})};
  network.start();
  const auto deadline = network.member().deadline();
  REQUIRE(deadline == network.begin() + 2s);
  CHECK(network.member().wake(*deadline - 1ms).empty());
  CHECK(network.member().deadline() == deadline);
}

TEST_CASE("a wake long after the deadline, as after suspend, resends once and goes on") {
  Network network{member_config({"10.0.0.5"})};
  network.start();
  const Instant late = network.begin() + 8h;
  CHECK(network.member().wake(late).size() == 1);
  CHECK(network.member().deadline() == late + 4s);
}

TEST_CASE("a key server that reboots during a registration is found again") {
  for (unsigned reply = 0; reply < 5; ++reply) {
    CAPTURE(reply);
    Network network{member_config({"10.0.0.5"})};
    auto& key_server = network.attach("10.0.0.5");
    unsigned n = 0;
    network.tap = [&](Way way, gdoi::Bytes&) {
      if (way == Way::to_member && n++ == reply) {
        key_server.forget();
        return false;
      }
      return true;
    };
    network.start();
    network.run(10min, [&] { return network.registered(); });
    CHECK(network.registered());
  }
}

TEST_CASE("a retransmission schedule doubles, and ends") {
  const Instant now{};
  gdoi::Retransmit schedule{2s, 3, now};
  CHECK(schedule.due() == now + 2s);
  CHECK(schedule.again(now + 2s));
  CHECK(schedule.due() == now + 6s);
  CHECK(schedule.again(now + 6s));
  CHECK(schedule.due() == now + 14s);
  CHECK_FALSE(schedule.again(now + 14s));

  SECTION("in a hurry the wait that runs is the last") {
    gdoi::Retransmit hurried{2s, 5, now};
    hurried.stop_after_current_wait();
    CHECK(hurried.due() == now + 2s);
    CHECK_FALSE(hurried.again(now + 2s));
  }
  SECTION("one try is no retransmission") {
    gdoi::Retransmit once{2s, 1, now};
    CHECK_FALSE(once.again(now + 2s));
  }
  SECTION("the waits stay bounded") {
    gdoi::Retransmit many{2s, 60, now};
    Instant at = now;
    while (many.again(at = many.due())) CHECK(many.due() - at <= 5min);
  }
}

}  // namespace time_test
