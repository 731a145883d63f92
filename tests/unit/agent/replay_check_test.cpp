// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/replay_check.h"

#include "agent/config/access_list.h"
#include "tests/support/catch.h"

namespace replay_check_test {

using namespace agent;
using std::chrono::hours;
using std::chrono::minutes;

namespace {

constexpr gdoi::Spi old_spi{7}, new_spi{8};

gdoi::AddressRange site(unsigned number) {
  return *parse_prefix("10." + std::to_string(number) + ".0.0/16");
}

TekCounters tek(gdoi::Spi spi, std::vector<SenderCounters> senders) {
  TekCounters out{spi};
  out.senders = std::move(senders);
  return out;
}

struct Watched {
  ReplayCheck check{true};
  Instant now{};

  // What the next look tells, as the networks and counts.
  std::string look(std::vector<TekCounters> counted) {
    now += minutes{1};
    CHECK(check.wants_look(now));
    std::string out;
    for (const auto& one : check.look(counted, now))
      out += range_text(one.network) + " " + std::to_string(one.packets) + " " +
             std::to_string(one.dropped) + "; ";
    CHECK_FALSE(check.wants_look(now));
    CHECK(check.deadline() == now + ReplayCheck::look_pause);
    return out;
  }
};

TEST_CASE("a network that loses a tenth of its packets to its window is told of, once an hour") {
  Watched watched;
  CHECK(watched.look({tek(old_spi, {{site(1), 1000, 0}, {site(2), 1000, 0}})}).empty());
  CHECK(watched.look({tek(old_spi, {{site(1), 2000, 0}, {site(2), 1900, 100}})}) ==
        "10.2.0.0/16 900 100; ");
  CHECK(watched.look({tek(old_spi, {{site(1), 3000, 0}, {site(2), 2000, 1000}})}).empty());
  watched.now += hours{1};
  CHECK(watched.look({tek(old_spi, {{site(1), 4000, 0}, {site(2), 2100, 2000}})}) ==
        "10.2.0.0/16 100 1000; ");
}

TEST_CASE("some replays among many packets, and a network of which nothing passes, are no matter") {
  Watched watched;
  CHECK(watched.look({tek(old_spi, {{site(1), 10000, 19}, {site(2), 0, 500}})}).empty());
  CHECK(watched.look({tek(old_spi, {{site(1), 20000, 900}, {site(2), 0, 900}})}).empty());
}

TEST_CASE("keys that come and go are counted each for itself") {
  Watched watched;
  CHECK(watched.look({tek(old_spi, {{site(1), 5, 0}})}).empty());
  CHECK(watched.look({tek(old_spi, {{site(1), 5, 15}}), tek(new_spi, {{site(1), 10, 5}})}) ==
        "10.1.0.0/16 10 20; ");
  watched.now += hours{2};
  // The old one is gone, the new one stands where it was.
  CHECK(watched.look({tek(new_spi, {{site(1), 10, 5}})}).empty());
}

TEST_CASE("it looks only while senders have windows") {
  ReplayCheck check{false};
  CHECK_FALSE(check.deadline());
  CHECK_FALSE(check.wants_look(Instant{} + hours{1}));
  check.configure(true);
  CHECK(check.wants_look(Instant{}));
  check.skip(Instant{});
  CHECK_FALSE(check.wants_look(Instant{}));
  CHECK(check.wants_look(Instant{} + minutes{1}));
}

}  // namespace

}  // namespace replay_check_test
