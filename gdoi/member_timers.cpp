// SPDX-License-Identifier: GPL-2.0-or-later
// When a group member has to be woken, and what it does then.
#include "gdoi/member.h"

namespace gdoi {

std::optional<Instant> GroupMember::deadline() const { return deadlines().earliest(); }

Actions GroupMember::wake(Instant now) {
  Actions out;
  for (const Timer timer : Deadlines::all) {
    if (!deadlines().is_due(timer, now)) continue;
    for (auto& action : on_timer(timer, now)) out.push_back(std::move(action));
  }
  return out;
}

std::optional<Instant> GroupMember::due(Timer timer) const {
  switch (timer) {
    case Timer::acknowledgement:
      return rekeys_.delayed_until();
    case Timer::kek_end:
      return rekeys_.kek_ends();
    case Timer::tek_end:
      return policy_in_force_ ? reregistration_.teks_end() : std::nullopt;
    case Timer::keep_alive:
      return nat_binding_ ? std::optional{nat_binding_->refresh_at()} : std::nullopt;
    case Timer::attempt:
      if (const auto* state = std::get_if<Registering>(&state_)) return state->attempt.deadline();
      return std::nullopt;
    case Timer::retry:
      if (const auto* state = std::get_if<Waiting>(&state_)) return state->retry_at;
      return std::nullopt;
    case Timer::reregistration:
      if (const auto* state = std::get_if<Registered>(&state_)) return state->reregister_at;
      return std::nullopt;
  }
  return std::nullopt;
}

Actions GroupMember::on_timer(Timer timer, Instant now) {
  Actions out;
  switch (timer) {
    case Timer::acknowledgement:
      return rekeys_.send_delayed(now);
    case Timer::kek_end:
      rekeys_.expire(now);
      append_changed_groups(out);
      return out;
    case Timer::tek_end:
      policy_in_force_ = false;
      return out;
    case Timer::keep_alive:
      return keep_alive(now);
    case Timer::attempt:
      return on_step(std::get<Registering>(state_).attempt.wake(now), now);
    case Timer::retry:
      return begin_pass(std::get<Waiting>(state_).key_server, now);
    case Timer::reregistration:
      return begin_pass(key_servers_.preferred(), now);
  }
  return out;
}

// keep_alive refreshes the NAT binding as long as unicast rekeys may come through it.
Actions GroupMember::keep_alive(Instant now) {
  Actions out;
  if (rekeys_.expects_unicast())
    out.push_back(nat_binding_->refresh(now));
  else
    nat_binding_.reset();
  return out;
}

}  // namespace gdoi
