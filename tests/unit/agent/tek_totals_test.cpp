// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/tek_totals.h"

#include "tests/support/catch.h"

namespace tek_totals_test {

using namespace agent;

namespace {

using Rows = std::vector<TekCounters>;

TekCounters in(std::uint32_t spi, std::uint64_t packets, std::uint32_t replay = 0,
               std::uint32_t integrity = 0) {
  return {gdoi::Spi{spi}, false, packets, packets * 100, replay, integrity};
}
TekCounters out(std::uint32_t spi, std::uint64_t packets) {
  return {gdoi::Spi{spi}, true, packets, packets * 100, 0, 0};
}

// From the start, when there was nothing yet.
struct Fresh : TekTotals {
  Fresh() { add({}); }
};

}  // namespace

TEST_CASE("sums go on when a TEK follows another") {
  Fresh totals;
  totals.add(Rows{in(7, 10, 1, 2), out(7, 20)});
  totals.add(Rows{in(7, 15, 1, 3), out(7, 20), in(8, 4), out(8, 5)});
  totals.add(Rows{in(8, 6, 1), out(8, 5)});
  CHECK(totals.in().packets == 15 + 6);
  CHECK(totals.in().bytes == 100 * (15 + 6));
  CHECK(totals.out().packets == 20 + 5);
  CHECK(totals.out().bytes == 100 * (20 + 5));
  CHECK(totals.replay_errors() == 2);
  CHECK(totals.integrity_errors() == 3);
}

TEST_CASE("a state that was put back counts anew") {
  Fresh totals;
  totals.add(Rows{in(7, 10)});
  totals.add(Rows{in(7, 3)});
  CHECK(totals.in().packets == 13);
}

TEST_CASE("what a predecessor's states counted is not counted again") {
  TekTotals totals;
  totals.add(Rows{in(7, 1000, 5, 5), out(7, 1000)});
  CHECK(totals.in().packets == 0);
  CHECK(totals.replay_errors() == 0);
  totals.add(Rows{in(7, 1001, 6, 5), out(7, 1000)});
  CHECK(totals.in().packets == 1);
  CHECK(totals.out().packets == 0);
  CHECK(totals.replay_errors() == 1);
}

TEST_CASE("counters that cannot be read once are not counted twice") {
  Fresh totals;
  totals.add(Rows{in(7, 10)});
  totals.add({});
  totals.add(Rows{in(7, 11)});
  CHECK(totals.in().packets == 11);
}

TEST_CASE("the two directions of an SPI have nothing to do with each other") {
  Fresh totals;
  totals.add(Rows{in(7, 10), out(7, 1)});
  totals.add(Rows{out(7, 2), in(7, 10)});
  CHECK(totals.in().packets == 10);
  CHECK(totals.out().packets == 2);
}

}  // namespace tek_totals_test
