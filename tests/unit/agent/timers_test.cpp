// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/timers.h"

#include "tests/support/catch.h"

namespace timers_test {

using namespace agent;

TEST_CASE("the earliest of instants is the first of those that are there") {
  const Instant first{seconds{1}}, second{seconds{2}};
  CHECK_FALSE(earliest({}));
  CHECK_FALSE(earliest({std::nullopt, std::nullopt}));
  CHECK(earliest({std::nullopt, second}) == second);
  CHECK(earliest({second, first, std::nullopt}) == first);
}

}  // namespace timers_test
