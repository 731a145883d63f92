// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/member_transitions.h"

#include "tests/support/catch.h"

namespace member_transitions_test {

using namespace gdoi;

namespace {

constexpr std::array all{MemberState::idle,       MemberState::locating,   MemberState::registering,
                         MemberState::installing, MemberState::registered, MemberState::waiting};
static_assert(all.size() == member_states);

}  // namespace

TEST_CASE("a registration goes by its steps") {
  CHECK(may_follow(MemberState::idle, MemberState::registering));
  CHECK(may_follow(MemberState::registering, MemberState::installing));
  CHECK(may_follow(MemberState::installing, MemberState::registered));
  CHECK(may_follow(MemberState::registered, MemberState::registering));
}

TEST_CASE("key servers are located before a pass through them, not within one") {
  for (const auto from : all)
    CHECK(may_follow(from, MemberState::locating) ==
          (from == MemberState::idle || from == MemberState::registered ||
           from == MemberState::waiting));
}

TEST_CASE("a policy is installed only when a registration brought it") {
  for (const auto from : all)
    CHECK(may_follow(from, MemberState::installing) == (from == MemberState::registering));
}

TEST_CASE("a member is registered only after an installation, or by a rekey during a pause") {
  for (const auto from : all)
    CHECK(may_follow(from, MemberState::registered) ==
          (from == MemberState::installing || from == MemberState::waiting));
}

TEST_CASE("no registration begins while a policy is being installed") {
  for (const auto from : all)
    CHECK(may_follow(from, MemberState::registering) == (from != MemberState::installing));
}

TEST_CASE("a member may stop, and may have to wait, in any state") {
  for (const auto from : all) {
    CHECK(may_follow(from, MemberState::idle));
    CHECK(may_follow(from, MemberState::waiting));
  }
}

}  // namespace member_transitions_test
