// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/send_schedule.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace send_schedule_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant start{};
Instant at(int s) { return start + seconds{s}; }

// The next policy is lab_policy(8); the list before is that of SPI 7, which is sent on up to
// `until`.
FirstUse first_use(const gdoi::GroupPolicy& next, std::vector<SentTek> sent, Instant now = start) {
  const auto before = lab_policy(7);
  const SendSchedule schedule{{before.entries, std::move(sent)}, next, now};
  return schedule.first_use(next.teks.back(), next);
}

}  // namespace

TEST_CASE("a TEK is sent on at once when nothing serves its lines") {
  CHECK(first_use(lab_policy(8), {}).from == start);
  CHECK(first_use(lab_policy(8), {{gdoi::Spi{7}, start}}).from == start);
  CHECK(first_use(lab_policy(8), {{gdoi::Spi{9}, at(600)}}).from == start);
}

TEST_CASE("else shortly before the older one ends, which carries its lines so long") {
  const auto use = first_use(lab_policy(8), {{gdoi::Spi{7}, at(200)}});
  CHECK(use.from == at(200) - last_moment);
  CHECK(use.fallback_until == at(200));
  CHECK(use.until_seen);
  CHECK(first_use(lab_policy(8), {{gdoi::Spi{7}, at(20)}}).from == start);
}

TEST_CASE("not later than 30 s and a tenth of its life, or half of it") {
  CHECK(first_use(lab_policy(8), {{gdoi::Spi{7}, at(80000)}}).from == at(30 + 360));
  CHECK(first_use(lab_policy(8, seconds{40}), {{gdoi::Spi{7}, at(80000)}}).from == at(20));
}

TEST_CASE("a TEK that no line needs waits for nothing") {
  auto next = lab_policy(8);
  next.teks.push_back(tek(9));
  CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == start);
}

TEST_CASE("an activation delay counts, up to the last seconds of the older one") {
  auto next = lab_policy(8);
  next.activation_delay = seconds{15};
  CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == at(15));
  CHECK_FALSE(first_use(next, {{gdoi::Spi{7}, at(200)}}).until_seen);
  next.activation_delay = seconds{199};
  CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == at(200) - last_seconds);
  CHECK(first_use(next, {}).from == start);
}

TEST_CASE("the line that is left first decides") {
  auto before = lab_policy(7);
  before.entries[1].spi = gdoi::Spi{6};
  const auto next = lab_policy(8);
  const SendSchedule schedule{
      {before.entries, {{gdoi::Spi{7}, at(300)}, {gdoi::Spi{6}, at(100)}}}, next, start};
  CHECK(schedule.first_use(next.teks[0], next).from == at(100) - last_moment);
}

TEST_CASE("new lines are served as all were, when all lines go by the same TEKs") {
  auto next = lab_policy(8);
  next.entries = {permit(selector(any(), any()), 8)};  // from two sites to everything
  CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == at(200) - last_moment);
  CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).fallback_until == at(200));
  CHECK(first_use(next, {}).from == start);
  SECTION("also when each stands there under several") {
    next.entries.push_back(permit(selector(any(), any()), 9));
    next.teks.push_back(tek(9));
    CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == at(200) - last_moment);
  }
  SECTION("not when a line has a TEK of its own") {
    next.entries.push_back(permit(selector(site(4), site(5)), 9));
    next.teks.push_back(tek(9));
    CHECK(first_use(next, {{gdoi::Spi{7}, at(200)}}).from == start);
  }
  SECTION("nor when one had") {
    auto before = lab_policy(7);
    before.entries[1].spi = gdoi::Spi{6};
    const SendSchedule schedule{
        {before.entries, {{gdoi::Spi{7}, at(200)}, {gdoi::Spi{6}, at(200)}}}, next, start};
    CHECK(schedule.first_use(next.teks[0], next).from == start);
  }
}

TEST_CASE("of two TEKs for one line of a first policy the one that ends first is sent on") {
  auto next = lab_policy(9, seconds{40});
  next.entries.push_back(permit(next.entries[0].selector, 8));
  next.teks.push_back(tek(8, seconds{600}));
  const SendSchedule schedule{{next.entries, {}}, next, start};
  CHECK(schedule.first_use(next.teks[0], next).from == start);
  CHECK(schedule.first_use(next.teks[1], next).from == at(10));
}

}  // namespace send_schedule_test
