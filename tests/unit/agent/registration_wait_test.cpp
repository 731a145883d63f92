// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/registration_wait.h"

#include "tests/unit/agent/shown_member.h"

namespace registration_wait_test {

using namespace agent;
using namespace support;

TEST_CASE("a status document tells how often a group registered") {
  ShownMember member;
  const auto one = registrations_in(member.document());
  REQUIRE(one.has_value());
  REQUIRE(one->size() == 1);
  CHECK(one->front().group == "GDOI-GROUP");
  CHECK(one->front().state == "registered");
  CHECK(one->front().succeeded == 1);
  CHECK(registrations_in(list_json({member.document(), member.document()}))->size() == 2);
  CHECK(registrations_in(R"({"error":"no"})").error().what == "the daemon says: no");
  CHECK_FALSE(registrations_in("{}").has_value());
}

TEST_CASE("what has not registered since is named with the reason") {
  const std::vector<GroupRegistration> before{{"A", "registered", 3, ""}, {"B", "waiting", 0, ""}};
  auto now = before;
  now[0].succeeded = 4;
  now[1].last_failure = "timed out";
  CHECK(unfinished(before, now) == "group B: waiting, last failure: timed out");
  now[1].succeeded = 1;
  CHECK(unfinished(before, now).empty());
}

}  // namespace registration_wait_test
