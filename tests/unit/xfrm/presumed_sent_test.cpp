// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/presumed_sent.h"

#include "tests/support/catch.h"

namespace presumed_sent_test {

namespace {

using xfrm::presumed_sent;

constexpr std::uint32_t hour = 3600, day = 24 * hour, month = 30 * day;

TEST_CASE("a key whose end is not known, or far away, begins at the beginning") {
  CHECK(presumed_sent(0) == 0);
  CHECK(presumed_sent(month) == 0);
  CHECK(presumed_sent(month + 1) == 0);
  CHECK(presumed_sent(~std::uint32_t{0}) == 0);
}

TEST_CASE("at least 2^31 numbers are left at the end of a key's life") {
  CHECK(presumed_sent(1) < std::uint32_t{1} << 31);
  CHECK(presumed_sent(1) == 2'140'128'000 - 120'000);
}

TEST_CASE("the number grows with every second that passes") {
  const auto step = GENERATE(std::uint32_t{1}, 59U, 3601U);
  std::uint32_t before = presumed_sent(month);
  for (std::uint32_t left = month - step; left > 0; left -= std::min(step, left)) {
    const std::uint32_t now = presumed_sent(left);
    if (now <= before) FAIL("with " << left << " s left: " << now << " after " << before);
    before = now;
  }
}

// What the manual promises: at whatever moment of the key's life all is forgotten, what is presumed
// is ahead of what was sent since its first second.
TEST_CASE("a steady sender that forgets begins ahead of what it sent") {
  struct Case {
    std::uint32_t life, rate;
  };
  const auto [life, rate] =
      GENERATE(Case{120, 120'000}, Case{hour, 120'000}, Case{2 * hour, 120'000},
               Case{2 * hour + 1, 12'000}, Case{8 * hour, 12'000}, Case{day, 12'000},
               Case{day + 1, 130}, Case{7 * day, 130}, Case{month, 130});
  CAPTURE(life, rate);
  const std::uint64_t first = presumed_sent(life);
  for (std::uint32_t past = 1; past < life; past += 1 + past / 100) {
    const std::uint64_t sent = first + std::uint64_t{past} * (rate - 1);
    if (presumed_sent(life - past) <= sent) FAIL("after " << past << " s");
  }
  SECTION("and again, after it sent as fast from there") {
    const std::uint64_t sent =
        presumed_sent(life / 2) + std::uint64_t{life / 2 - life / 4} * (rate - 1);
    CHECK(presumed_sent(life / 4) > sent);
  }
}

TEST_CASE("a fast sender does not run out of 32 bits before its key ends") {
  CHECK((std::uint64_t{1} << 32) - presumed_sent(hour) > std::uint64_t{hour} * 700'000);
  CHECK((std::uint64_t{1} << 32) - presumed_sent(2 * hour) > std::uint64_t{2 * hour} * 400'000);
  CHECK((std::uint64_t{1} << 32) - presumed_sent(day) > std::uint64_t{day} * 45'000);
}

}  // namespace

}  // namespace presumed_sent_test
