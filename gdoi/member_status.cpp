// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/member_status.h"

#include "gdoi/member.h"

namespace gdoi {

MemberStatus GroupMember::status() const {
  using Shown = MemberStatus::State;
  static constexpr std::array<Shown, member_states> shown{Shown::idle,        Shown::registering,
                                                          Shown::registering, Shown::registering,
                                                          Shown::registered,  Shown::waiting};
  MemberStatus out;
  out.state = shown[state_.index()];
  if (policy_in_force_) out.registered_with = key_servers_.worked();
  std::optional<std::size_t> current;
  if (const auto* state = std::get_if<Registering>(&state_)) current = state->rotation.key_server;
  if (const auto* state = std::get_if<Installing>(&state_)) current = state->key_server;
  if (const auto* state = std::get_if<Registered>(&state_)) current = state->key_server;
  if (current) out.current_key_server = key_servers_.endpoint(*current);
  out.registrations_attempted = counters_.attempted;
  out.registrations_succeeded = counters_.succeeded;
  out.reregister_at = due(Timer::reregistration);
  out.retry_at = due(Timer::retry);
  out.last_failure = last_failure_;
  if (nat_binding_ && rekeys_.expects_unicast()) out.keep_alive_to = nat_binding_->to();
  out.datagrams_dropped = counters_.dropped;
  out.rekeys = rekeys_.status();
  out.rekeys.keks_taken = rekeys_.keks_taken();
  return out;
}

}  // namespace gdoi
