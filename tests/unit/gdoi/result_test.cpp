// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/result.h"

#include <array>
#include <set>

#include "tests/support/catch.h"

namespace result_test {

using namespace gdoi;

TEST_CASE("each kind of failure has a name of its own") {
  const std::array all{Errc::truncated,     Errc::malformed, Errc::unexpected,
                       Errc::unsupported,   Errc::untrusted, Errc::refused,
                       Errc::not_authentic, Errc::timed_out, Errc::crypto};
  std::set<std::string_view> names;
  for (const Errc code : all) names.insert(name_of(code));
  CHECK(names.size() == all.size());
  CHECK(names.count("unknown") == 0);
}

TEST_CASE("a failure carries code, place and number") {
  const Result<int> failed = fail(Errc::unsupported, "somewhere", 7);
  REQUIRE_FALSE(failed);
  CHECK(failed.error() == Error{Errc::unsupported, "somewhere", 7});
  CHECK_FALSE(failed.error() == Error{Errc::unsupported, "somewhere", 8});
}

}  // namespace result_test
