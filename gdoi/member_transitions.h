// SPDX-License-Identifier: GPL-2.0-or-later
// Which state of a member may follow which.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace gdoi {

enum class MemberState : std::uint8_t {
  idle,
  registering,  // an attempt is under way
  installing,   // the agent has the policy and has not answered yet
  registered,   // until it is time to register again
  waiting,      // no key server had a policy for us: a pause
};
inline constexpr std::size_t member_states = 5;

// One row for the state that is left, one column for the state that is entered.
inline constexpr std::array<std::array<bool, member_states>, member_states> member_transitions{{
    // idle, registering, installing, registered, waiting
    {true, true, false, false, true},  // idle; waiting: our offer fits into no message
    {true, true, true, false, true},   // registering; again: the next key server, or a newer rekey
    {true, false, false, true, true},  // installing
    {true, true, false, false, true},  // registered
    {true, true, false, true, true},   // waiting; registered: a rekey brought keys first
}};

[[nodiscard]] constexpr bool may_follow(MemberState from, MemberState to) noexcept {
  return member_transitions[static_cast<std::size_t>(from)][static_cast<std::size_t>(to)];
}

}  // namespace gdoi
