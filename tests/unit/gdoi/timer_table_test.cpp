// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/timer_table.h"

#include "tests/support/catch.h"

namespace timer_table_test {

using namespace gdoi;

namespace {

enum class Bell { first, second, third };
using Bells = TimerTable<Bell, 3>;

constexpr Instant noon{std::chrono::hours{12}};

Bells bells(std::array<std::optional<Instant>, 3> at) {
  return Bells{[&](Bell bell) { return at[static_cast<std::size_t>(bell)]; }};
}

}  // namespace

TEST_CASE("a timer table knows the earliest of its timers") {
  CHECK(bells({}).earliest() == std::nullopt);
  CHECK(bells({{{}, noon, {}}}).earliest() == noon);
  CHECK(bells({{noon + seconds{2}, noon + seconds{1}, noon + seconds{3}}}).earliest() ==
        noon + seconds{1});
}

TEST_CASE("a timer is due from its instant on, and never when it does not run") {
  const auto table = bells({{noon, {}, noon + seconds{1}}});
  CHECK(table.is_due(Bell::first, noon));
  CHECK(table.is_due(Bell::first, noon + seconds{1}));
  CHECK_FALSE(table.is_due(Bell::first, noon - milliseconds{1}));
  CHECK_FALSE(table.is_due(Bell::second, Instant::max()));
  CHECK_FALSE(table.is_due(Bell::third, noon));
}

TEST_CASE("a timer table lists its timers in their order") {
  CHECK(Bells::all == std::array{Bell::first, Bell::second, Bell::third});
}

}  // namespace timer_table_test
