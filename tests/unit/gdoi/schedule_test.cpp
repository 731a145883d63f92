// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/schedule.h"

#include "tests/support/catch.h"

namespace schedule_test {

using namespace gdoi;

namespace {

constexpr Instant noon{std::chrono::hours{12}};

Timers limited(unsigned at_once, seconds interval) {
  Timers out;
  out.registrations_at_once = at_once;
  out.registration_interval = interval;
  return out;
}

}  // namespace

TEST_CASE("so many registrations begin at once, then one in each interval") {
  RegistrationLimit limit{limited(3, seconds{10})};
  for (int i = 0; i < 3; ++i) CHECK(limit.take(noon));
  CHECK_FALSE(limit.take(noon));
  CHECK(limit.next(noon) == noon + seconds{10});
  CHECK_FALSE(limit.take(noon + milliseconds{9999}));
  CHECK(limit.take(noon + seconds{10}));
  CHECK_FALSE(limit.take(noon + seconds{10}));
  // Refusals cost nothing, and a long rest gives no more than there ever was.
  const Instant later = noon + std::chrono::hours{5};
  for (int i = 0; i < 3; ++i) CHECK(limit.take(later));
  CHECK_FALSE(limit.take(later));
}

TEST_CASE("an operator's registrations are counted, never refused, and do not pile up") {
  RegistrationLimit limit{limited(3, seconds{10})};
  for (int i = 0; i < 1000; ++i) limit.take_for_operator(noon);
  CHECK_FALSE(limit.take(noon));
  CHECK(limit.next(noon) == noon + seconds{10});
  CHECK(limit.take(noon + seconds{10}));
}

TEST_CASE("a limit of none at once is one of one") {
  RegistrationLimit limit{limited(0, seconds{10})};
  CHECK(limit.take(noon));
  CHECK_FALSE(limit.take(noon));
}

}  // namespace schedule_test
