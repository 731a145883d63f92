// SPDX-License-Identifier: GPL-2.0-or-later
// Which state of a member may follow which.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gdoi {

enum class MemberState : std::uint8_t {
  idle,
  locating,     // the agent finds out where the key servers are
  registering,  // an attempt is under way
  installing,   // the agent has the policy and has not answered yet
  registered,   // until it is time to register again
  waiting,      // no key server had a policy for us: a pause
};
inline constexpr std::size_t member_states = 6;

// One row for the state that is left, one column for the state that is entered.
inline constexpr std::array<std::array<bool, member_states>, member_states> member_transitions{{
    // idle, locating, registering, installing, registered, waiting
    {true, true, true, false, false, true},   // idle; waiting: our offer fits into no message
    {true, false, true, false, false, true},  // locating; waiting: as above, or too many of late
    {true, false, true, true, false, true},   // registering; again: the next one, or a newer rekey
    {true, false, false, false, true, true},  // installing
    {true, true, true, false, false, true},   // registered
    {true, true, true, false, true, true},    // waiting; registered: a rekey brought keys first
}};

[[nodiscard]] constexpr bool may_follow(MemberState from, MemberState to) noexcept {
  return member_transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

}  // namespace gdoi
