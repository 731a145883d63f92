// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/reregistration_timer.h"

#include <set>

#include "tests/support/catch.h"
#include "tests/support/fixed_random.h"

namespace reregistration_timer_test {

using namespace gdoi;

namespace {

constexpr Instant noon{std::chrono::hours{12}};

// A group whose ACL has one ACE for each TEK; `lives` are their lifetimes.
TekLifetimes teks(const std::vector<seconds>& lives) {
  GroupPolicy policy;
  for (std::size_t i = 0; i < lives.size(); ++i) {
    const Spi spi{static_cast<std::uint32_t>(i + 1)};
    Tek tek;
    tek.spi = spi;
    tek.policy.lifetime = lives[i];
    policy.teks.push_back(std::move(tek));
    AccessEntry entry{AccessEntry::Action::permit, {}, spi};
    entry.selector.protocol = static_cast<std::uint8_t>(i + 1);
    policy.entries.push_back(entry);
  }
  return TekLifetimes{policy, noon};
}

// No chance: 60 seconds or 5 % before the end.
Timers exact() {
  Timers out;
  out.reregister_jitter_percent = 0;
  out.restart_jitter = milliseconds{0};
  return out;
}

struct Fixture {
  support::SeededRandom random{1};
  ReregistrationTimer timer{exact(), random};
};

}  // namespace

TEST_CASE("a member registers again before the first TEK ends") {
  Fixture f;
  f.timer.set_teks(teks({seconds{3600}, seconds{2000}}));
  CHECK(f.timer.teks_end() == noon + seconds{2000});
  CHECK(f.timer.next(noon, noon) == noon + seconds{1900});
  f.timer.set_teks(teks({seconds{600}}));
  CHECK(f.timer.next(noon, noon) == noon + seconds{540});
}

TEST_CASE("the jitter is drawn anew each time, and never takes more than half of the lifetime") {
  support::SeededRandom random{7};
  Timers timers;
  timers.reregister_jitter_percent = 40;
  ReregistrationTimer timer{timers, random};
  timer.set_teks(teks({seconds{1000}}));
  std::set<Instant> drawn;
  for (int i = 0; i < 50; ++i) {
    const Instant next = timer.next(noon, noon);
    CHECK(next >= noon + seconds{500});
    CHECK(next <= noon + seconds{940});
    drawn.insert(next);
  }
  CHECK(drawn.size() > 10);
}

TEST_CASE("the end of the KEK brings a registration forward, of the TEKs does it too") {
  Fixture f;
  f.timer.set_teks(teks({seconds{3600}}));
  f.timer.rearm_kek_timer(noon + seconds{1000}, noon);
  CHECK(f.timer.next(noon, noon) == noon + seconds{940});
  f.timer.rearm_kek_timer(noon + seconds{86400}, noon);
  CHECK(f.timer.next(noon, noon) == noon + seconds{3420});
}

TEST_CASE("the time for want of a KEK is drawn once for each KEK") {
  support::SeededRandom random{7};
  Timers timers;
  timers.reregister_jitter_percent = 40;
  ReregistrationTimer timer{timers, random};
  timer.rearm_kek_timer(noon + seconds{1000}, noon);
  const Instant first = timer.next(noon, noon);
  for (int i = 1; i < 20; ++i) {
    const Instant later = noon + seconds{i};
    timer.rearm_kek_timer(noon + seconds{1000}, later);
    CHECK(timer.next(later, later) == first);
  }
  timer.rearm_kek_timer(noon + seconds{5000}, noon);
  CHECK(timer.next(noon, noon) > first);
}

TEST_CASE("without any key the member asks again within the hour") {
  Fixture f;
  CHECK(f.timer.teks_end() == std::nullopt);
  CHECK(f.timer.next(noon, noon) == noon + seconds{3420});
  f.timer.rearm_kek_timer(noon + seconds{1000}, noon);
  f.timer.rearm_kek_timer(std::nullopt, noon);
  CHECK(f.timer.next(noon, noon) == noon + seconds{3420});
}

TEST_CASE("the next registration is at least a second away, however short the lifetimes are") {
  Fixture f;
  f.timer.set_teks(teks({seconds{1}}));
  CHECK(f.timer.next(noon, noon) == noon + seconds{1});
  CHECK(f.timer.next(noon, noon + seconds{5}) == noon + seconds{6});
}

TEST_CASE("deleted TEKs end at once") {
  Fixture f;
  f.timer.set_teks(teks({seconds{100}, seconds{200}}));
  CHECK_FALSE(f.timer.teks_ended(noon));
  CHECK(f.timer.teks_ended(noon + seconds{100}));
  Deletes deletes;
  SECTION("by their SPI") { deletes.teks = {Spi{2}}; }
  SECTION("all of them") { deletes.all_teks = true; }
  f.timer.remove_teks(deletes);
  CHECK(f.timer.teks_ended(noon));
}

TEST_CASE("a deletion of TEKs that are not ours changes nothing") {
  Fixture f;
  f.timer.set_teks(teks({seconds{100}}));
  Deletes deletes;
  deletes.teks = {Spi{2}};
  f.timer.remove_teks(deletes);
  CHECK(f.timer.teks_end() == noon + seconds{100});
}

TEST_CASE("members whose keys were deleted do not come back all at once") {
  support::SeededRandom random{3};
  ReregistrationTimer timer{Timers{}, random};
  std::set<Instant> drawn;
  for (int i = 0; i < 50; ++i) drawn.insert(timer.after_deletion(noon));
  CHECK(drawn.size() > 40);
  CHECK(*drawn.begin() >= noon);
  CHECK(*drawn.rbegin() <= noon + seconds{10});
}

TEST_CASE("a cleared timer knows no keys") {
  Fixture f;
  f.timer.set_teks(teks({seconds{100}}));
  f.timer.rearm_kek_timer(noon + seconds{50}, noon);
  f.timer.clear();
  CHECK(f.timer.teks_end() == std::nullopt);
  CHECK(f.timer.next(noon, noon) == noon + seconds{3420});
}

}  // namespace reregistration_timer_test
