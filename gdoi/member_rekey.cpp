// SPDX-License-Identifier: GPL-2.0-or-later
// MemberMachine's half that follows GROUPKEY-PUSH.
#include "gdoi/member_machine.h"

namespace gdoi {
namespace {

// A policy without any key says nothing about when to ask again.
constexpr seconds keyless_policy_life{3600};

// answering is from the port that was written to, where it is one of ours for good.
Send answering(const Endpoint& to, Bytes datagram, std::uint16_t to_port) {
  return {to, std::move(datagram), to_port == nat_traversal_port ? to_port : gdoi_port};
}

bool is_multicast(const Address& address) noexcept {
  const auto first = std::to_integer<unsigned>(address.bytes[0]);
  return address.family == Address::Family::ipv4 ? first >> 4 == 0xe : first == 0xff;
}

}  // namespace

Result<Actions> MemberMachine::on_push(const Datagram& datagram, Instant now) {
  const auto& [from, to_port, message] = datagram;
  if (std::holds_alternative<Idle>(state_)) return fail(Errc::unexpected, "PUSH while idle");
  // The agent is at work. The key server will repeat itself.
  if (pending_ || std::holds_alternative<Installing>(state_))
    return fail(Errc::unexpected, "PUSH while a policy is being installed");
  auto outcome = rekeys_.receive(*message, now);
  if (!outcome) return tl::unexpected<Error>{outcome.error()};
  if (auto* rekey = std::get_if<Rekey>(&*outcome))
    return hand_over(from, std::move(*rekey), now, to_port);
  if (auto* copy = std::get_if<RepeatedPush>(&*outcome))
    return repeated(from, std::move(*copy), to_port);
  return refused(from, std::get<RefusedPush>(*outcome), now);
}

Actions MemberMachine::hand_over(const Endpoint& from, Rekey rekey, Instant now,
                                 std::uint16_t to_port) {
  PendingRekey pending;
  pending.token = next_token();
  pending.received_at = now;
  pending.from = from;
  pending.to_port = to_port;
  pending.sequence = rekey.sequence;
  pending.multicast = is_multicast(rekey.sent_to);
  pending.deletes = rekey.deletes;
  if (rekey.policy && rekey.replaces_list) pending.coverage = Coverage{*rekey.policy, now};
  pending.acknowledgement = std::move(rekey.acknowledgement);
  const InstallToken token = pending.token;
  pending_ = std::move(pending);

  Actions out;
  out.push_back(InstallRekey{from, std::move(rekey), token});
  return out;
}

Actions MemberMachine::rekey_installed(Instant now) {
  PendingRekey done = std::move(*pending_);
  pending_.reset();
  rekeys_.installed();
  status_.rekeys.since_registration += 1;
  (done.multicast ? status_.rekeys.multicast : status_.rekeys.unicast) += 1;
  status_.rekeys.last_from = done.from;
  status_.rekeys.last_sequence = done.sequence;
  status_.rekeys.last_at = now;

  if (done.coverage) {
    coverage_ = std::move(*done.coverage);
    list_told_ = done.received_at;
  } else {
    coverage_.forget([&](Spi spi) { return done.deletes.names_tek(spi); });
  }
  Actions out = acknowledge(std::move(done), now);
  listen(out);
  follow_coverage(now);
  return out;
}

Actions MemberMachine::rekey_failed(Instant now) {
  pending_.reset();
  status_.last_failure = Error{Errc::unsupported, "rekey could not be installed"};
  register_at(now + back_off_.next(random_));
  Actions out;
  listen(out);  // a KEK it brought counts all the same
  return out;
}

// list_is_newer_than tells whether a rekey that came since `policy` brought the whole list, even if
// the agent is still at work on it.
bool MemberMachine::list_is_newer_than(Instant policy) const noexcept {
  if (pending_ && pending_->coverage && pending_->received_at >= policy) return true;
  return list_told_ && *list_told_ >= policy;
}

Actions MemberMachine::acknowledge(PendingRekey rekey, Instant now) {
  Actions out;
  if (!rekey.acknowledgement) return out;
  status_.rekeys.acknowledgements_sent += 1;
  auto send = answering(rekey.from, std::move(*rekey.acknowledgement), rekey.to_port);
  if (!rekey.multicast) {
    out.push_back(std::move(send));
    return out;
  }
  const Instant at = now + up_to(config_.timers.multicast_ack_jitter, random_);
  const auto place = std::find_if(delayed_.begin(), delayed_.end(),
                                  [at](const DelayedAcknowledgement& one) { return one.at > at; });
  delayed_.insert(place, {at, std::move(send)});
  return out;
}

// follow_coverage sets the time of the next registration by what a rekey left. One that took the
// keys away makes the whole group come back: not all at once.
void MemberMachine::follow_coverage(Instant now) {
  const auto ends = coverage_.ends();
  if (rekeys_.empty() || (ends && *ends <= now)) {
    if (ends && *ends <= now) status_.registered_with.reset();
    register_at(now + up_to(config_.timers.restart_jitter, random_));
    return;
  }
  // Whoever pushes to us has us as its member.
  if (!status_.registered_with) status_.registered_with = endpoint(preferred_);
  follow_kek(now);
  const Instant due = registration_due(now, now);
  if (auto* registered = std::get_if<Registered>(&state_)) {
    registered->reregister_at = due;
    status_.reregister_at = due;
  }
  const auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting != nullptr && due > waiting->retry_at) {
    back_off_.reset();
    enter(Registered{preferred_, due, {}, {}, {}, {}, 0});
  }
}

// register_at brings the next registration forward; one that is under way will do.
void MemberMachine::register_at(Instant when) {
  if (auto* registered = std::get_if<Registered>(&state_)) {
    registered->reregister_at = std::min(registered->reregister_at, when);
    status_.reregister_at = registered->reregister_at;
  }
  if (auto* waiting = std::get_if<Waiting>(&state_)) {
    waiting->retry_at = std::min(waiting->retry_at, when);
    status_.retry_at = waiting->retry_at;
  }
}

// follow_kek settles when to register for want of a new KEK, when there is another one than before.
void MemberMachine::follow_kek(Instant told) {
  const auto kek_ends = rekeys_.ends();
  if (!kek_ends) {
    kek_term_.reset();
    return;
  }
  if (kek_term_ && kek_term_->ends == *kek_ends) return;
  const Instant first = std::min(*kek_ends, coverage_.ends().value_or(*kek_ends));
  const auto life = std::chrono::floor<seconds>(first - told);
  kek_term_ = KekTerm{*kek_ends, *kek_ends - reregistration_lead(config_.timers, life, random_)};
}

// registration_due is some time before the first of TEKs and KEK ends, as it was `told`.
Instant MemberMachine::registration_due(Instant told, Instant now) {
  const auto teks_end = coverage_.ends();
  std::optional<Instant> due;
  if (teks_end || !kek_term_) {
    const Instant ends = teks_end.value_or(told + keyless_policy_life);
    const auto life = std::chrono::floor<seconds>(ends - told);
    due = ends - reregistration_lead(config_.timers, life, random_);
  }
  if (kek_term_) due = std::min(due.value_or(kek_term_->due), kek_term_->due);
  constexpr seconds least{1};  // a key server that deals in seconds must not make us spin
  return std::max(now + least, *due);
}

Actions MemberMachine::refused(const Endpoint& from, const RefusedPush& push, Instant now) {
  status_.rekeys.refused += 1;
  register_at(now + back_off_.next(random_));
  Actions out;
  out.push_back(RekeyRefused{from, push.sequence, push.why});
  return out;
}

Actions MemberMachine::repeated(const Endpoint& from, RepeatedPush push, std::uint16_t to_port) {
  status_.rekeys.repeated += 1;
  Actions out;
  const bool waits = std::any_of(delayed_.begin(), delayed_.end(), [&](const auto& one) {
    return push.acknowledgement && one.send.datagram == *push.acknowledgement;
  });
  if (push.acknowledgement && !waits) {
    status_.rekeys.acknowledgements_sent += 1;
    out.push_back(answering(from, std::move(*push.acknowledgement), to_port));
  }
  out.push_back(RekeyRepeated{from, push.sequence});
  return out;
}

// expects_unicast tells whether a KEK's rekeys come to us alone.
bool MemberMachine::expects_unicast() const {
  const auto keks = rekeys_.status();
  return std::any_of(keks.begin(), keks.end(), [](const RekeySaStatus& sa) {
    return !is_multicast(sa.policy.destination.addresses.first);
  });
}

// adopt begins to follow the rekeys of a registration's KEK; `member` is us, as the key server
// knows us.
Actions MemberMachine::adopt(std::optional<Kek> kek, const Address& member, Instant told) {
  Actions out;
  if (!kek) {
    rekeys_.clear();
  } else if (const auto adopted = rekeys_.adopt(*kek, member, told); !adopted) {
    rekeys_.clear();
    out.push_back(KekUnusable{adopted.error()});
  }
  follow_kek(told);
  listen(out);
  return out;
}

// listen tells the agent when the multicast groups of the KEKs are others than before.
void MemberMachine::listen(Actions& out) {
  std::vector<Endpoint> groups;
  for (const auto& sa : rekeys_.status()) {
    const auto& destination = sa.policy.destination;
    const std::uint16_t port = destination.port != 0 ? destination.port : gdoi_port;
    if (is_multicast(destination.addresses.first))
      groups.push_back({destination.addresses.first, port});
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  if (groups == listening_) return;
  listening_ = groups;
  out.push_back(ListenForRekeys{std::move(groups)});
}

}  // namespace gdoi
