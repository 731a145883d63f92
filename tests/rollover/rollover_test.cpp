// SPDX-License-Identifier: GPL-2.0-or-later
// The rollover over the agent's own code: at no instant does a member send what a live member
// cannot read, nor in clear what its list protects.
// GETVPN_SEEDS says how many lives of each kind are led, from seed 1 on; by default a few.
#include <cstdlib>

#include "tests/rollover/world.h"
#include "tests/support/catch.h"

namespace rollover_test {

using namespace rollover;

namespace {

std::uint64_t seeds(std::uint64_t few) {
  const char* const wanted = std::getenv("GETVPN_SEEDS");
  return wanted == nullptr ? few : std::strtoull(wanted, nullptr, 10);
}

World::Counts lead(const World::Options& options) {
  World world{options};
  try {
    world.calm(1min);
    world.storm(12h);
    world.calm(2h);
    world.in_calm(3h);
  } catch (const Violation& violation) {
    FAIL("seed " << options.seed << ": " << violation.what() << '\n' << world.story());
  }
  return world.counts();
}

}  // namespace

TEST_CASE("lost rekeys, restarts and outages: no packet that a live member cannot read") {
  for (std::uint64_t seed = 1; seed <= seeds(6); ++seed) {
    World::Options options;
    options.seed = seed;
    options.changes = options.clears = false;
    options.names_old = seed % 2 == 1;
    const auto counts = lead(options);
    CHECK(counts.encrypted > 10000);
    CHECK(counts.restarts > 10);
    CHECK(counts.pushes > 100);
  }
}

TEST_CASE("lists that change and groups that are cleared: nothing leaks either") {
  for (std::uint64_t seed = 101; seed <= 100 + seeds(6); ++seed) {
    World::Options options;
    options.seed = seed;
    options.names_old = seed % 2 == 1;
    const auto counts = lead(options);
    CHECK(counts.encrypted > 10000);
    CHECK(counts.installed > 200);
  }
}

TEST_CASE("an activation delay changes when, not whether") {
  for (std::uint64_t seed = 201; seed <= 200 + seeds(2); ++seed) {
    World::Options options;
    options.seed = seed;
    options.activation_delay = seconds{20};
    lead(options);
  }
}

}  // namespace rollover_test
