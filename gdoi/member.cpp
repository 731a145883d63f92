// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/member.h"

#include "gdoi/attempt_config.h"

namespace gdoi {
namespace {

MemberConfig completed(MemberConfig config) {
  assert(config.phase1.doi == doi_ipsec || config.phase1.doi == doi_gdoi);
  auto& phase1 = config.phase1;
  if (phase1.proposals.empty()) phase1.proposals = default_proposals(phase1.mode);
  if (phase1.mode == Phase1Mode::aggressive)
    phase1.proposals = of_one_group(std::move(phase1.proposals));
  return config;
}

void append(Actions& to, Actions from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

void append_phase1_delete(Actions& to, Attempt& attempt) {
  if (auto message = attempt.phase1_delete()) to.push_back(std::move(*message));
}

}  // namespace

GroupMember::GroupMember(MemberConfig config, Random& random)
    : config_{completed(std::move(config))},
      random_{&random},
      key_servers_{std::move(config_.key_servers), config_.local_address, config_.phase1},
      rekeys_{{{{config_.tek_without_key, config_.sat_attributes}, config_.ack_key_length},
               config_.timers.multicast_ack_jitter},
              random},
      reregistration_{config_.timers, random},
      back_off_{config_.timers},
      rekey_back_off_{config_.timers},
      limit_{config_.timers} {}

Actions GroupMember::start(Instant now) {
  if (!std::holds_alternative<Idle>(state_)) return {};
  return begin_pass(key_servers_.preferred(), now, Asked::by_operator);
}

Actions GroupMember::reregister(Instant now) {
  if (std::holds_alternative<Locating>(state_) || std::holds_alternative<Registering>(state_) ||
      std::holds_alternative<Installing>(state_))
    return {};
  return begin_pass(key_servers_.preferred(), now, Asked::by_operator);
}

Actions GroupMember::register_with_next(Instant now) {
  if (!std::holds_alternative<Registered>(state_)) return {};
  return begin_pass(key_servers_.behind(key_servers_.preferred()), now);
}

Actions GroupMember::register_with(const Address& address, Instant now) {
  if (!std::holds_alternative<Registered>(state_)) return {};
  const auto found = key_servers_.find(address);
  return found ? begin_pass(*found, now) : register_with_next(now);
}

Actions GroupMember::clear(Instant now) {
  Actions out = stop(now);
  append(out, start(now));
  return out;
}

Actions GroupMember::stop(Instant) {
  Actions out;
  if (auto* registering = std::get_if<Registering>(&state_))
    append_phase1_delete(out, registering->attempt);
  if (auto* installing = std::get_if<Installing>(&state_))
    append_phase1_delete(out, installing->attempt);
  rekeys_.clear();
  reregistration_.clear();
  nat_binding_.reset();
  policy_in_force_ = false;
  append_changed_groups(out);
  set_state(Idle{});
  return out;
}

// begin_pass begins a pass through the key servers with that one, once it is known where they are.
Actions GroupMember::begin_pass(std::size_t first, Instant now, Asked who) {
  if (!config_.locate_key_servers) return begin(key_servers_.begin(first), now, who);
  set_state(Locating{key_servers_.endpoint(first), who});
  Actions out;
  out.push_back(LocateKeyServers{});
  return out;
}

Actions GroupMember::set_key_servers(std::vector<KeyServer> key_servers, Instant now) {
  const auto* locating = std::get_if<Locating>(&state_);
  if (locating == nullptr) return {};
  const auto [first, who] = *locating;
  if (!key_servers.empty()) key_servers_.replace(std::move(key_servers));
  return begin(key_servers_.begin(key_servers_.find(first).value_or(0)), now, who);
}

Actions GroupMember::begin(const Rotation& rotation, Instant now, Asked who) {
  const std::size_t asked = rotation.key_server;
  const Endpoint& endpoint = key_servers_.endpoint(asked);
  Actions out;
  if (who == Asked::by_operator) {
    limit_.take_for_operator(now);
  } else if (!limit_.take(now)) {
    const Instant next = limit_.next(now);
    set_state(Waiting{asked, next});
    out.push_back(RegistrationPostponed{endpoint, std::chrono::ceil<milliseconds>(next - now)});
    return out;
  }
  if (credentials_) key_servers_.set_credentials(std::exchange(credentials_, nullptr));
  counters_.attempted += 1;
  out.push_back(RegistrationStarted{endpoint, static_cast<std::uint32_t>(counters_.attempted)});
  auto attempt = Attempt::start(attempt_config(config_, key_servers_, asked),
                                key_servers_.authenticator(asked), *random_, now);
  if (!attempt) {  // our offer does not fit into a message: no key server will do better
    append(out, pause(asked, {endpoint, attempt.error(), {}, false, {}}, now));
    return out;
  }
  append(out, attempt->first());
  set_state(Registering{rotation, std::move(*attempt)});
  return out;
}

Actions GroupMember::receive(const Datagram& datagram, Instant now) {
  auto actions = on_datagram(datagram, now);
  if (actions) return std::move(*actions);
  counters_.dropped += 1;
  Actions out;
  out.push_back(DatagramDropped{datagram.from, actions.error()});
  return out;
}

bool GroupMember::owns(const Datagram& datagram) const {
  if (!datagram.message) return false;
  const IsakmpHeader& header = datagram.message->header;
  if (header.exchange == ExchangeType::groupkey_push) return rekeys_.knows(header.cookies);
  if (const auto* registering = std::get_if<Registering>(&state_))
    return registering->attempt.cookie() == header.cookies.initiator;
  const auto* registered = std::get_if<Registered>(&state_);
  return registered != nullptr && registered->post.owns(header.cookies.initiator);
}

Result<Actions> GroupMember::on_datagram(const Datagram& datagram, Instant now) {
  const auto& message = datagram.message;
  if (!message) return tl::unexpected<Error>{message.error()};
  // A PUSH is known by its cookies, not by where it comes from (RFC 6407 section 4.2), so it must
  // not meet the checks below.
  if (message->header.exchange == ExchangeType::groupkey_push) return on_push(datagram, now);

  if (auto* registered = std::get_if<Registered>(&state_))
    return registered->post.receive(datagram);
  auto* registering = std::get_if<Registering>(&state_);
  if (registering == nullptr) return fail(Errc::unexpected, "message while none is awaited");
  if (!registering->attempt.is_peer(datagram.from)) {
    const Error why{Errc::unexpected, "message from another endpoint than the key server's"};
    const Endpoint& asked = key_servers_.endpoint(registering->rotation.key_server);
    if (datagram.from.address == asked.address ||
        message->header.cookies.initiator != registering->attempt.cookie())
      return tl::unexpected<Error>{why};
    counters_.dropped += 1;
    Actions out;
    out.push_back(AnswerIgnored{asked, datagram.from});
    out.push_back(DatagramDropped{datagram.from, why});
    return out;
  }
  auto step = registering->attempt.receive(*message, now);
  if (!step) return tl::unexpected<Error>{step.error()};
  return on_step(std::move(*step), now);
}

Actions GroupMember::on_step(Attempt::Step step, Instant now) {
  Actions out = std::move(step.actions);
  const auto& registering = std::get<Registering>(state_);
  if (registering.attempt.established()) key_servers_.established(registering.rotation.key_server);
  if (step.failure) append(out, attempt_failed(*step.failure, now));
  if (step.policy)
    append(out, request_install(std::move(*step.policy), std::move(step.trigger_digest), now));
  return out;
}

Actions GroupMember::request_install(GroupPolicy policy, Bytes trigger_digest, Instant now) {
  auto registering = std::move(std::get<Registering>(state_));
  const std::size_t key_server = registering.rotation.key_server;
  const Instant received_at = registering.attempt.policy_received_at();
  Actions out;
  // A rekey came between PULL message 2, which brought the list, and this one: its list is newer
  // than this policy, and was or will be acknowledged. So we ask once more.
  if (rekeys_.list_is_newer_than(received_at)) {
    append_phase1_delete(out, registering.attempt);
    if (!asked_again_) {
      asked_again_ = true;
      append(out, begin(key_servers_.begin(key_server), now));
      return out;
    }
    const Error why{Errc::unexpected, "rekey during the registration, once more"};
    append(out, pause(key_server, {key_servers_.endpoint(key_server), why, {}, false, {}}, now));
    return out;
  }
  const InstallToken token = next_token();
  TekLifetimes teks{policy, received_at};
  auto kek = policy.kek ? std::optional{copy_of(*policy.kek)} : std::nullopt;
  set_state(Installing{token, key_server, std::move(registering.attempt), std::move(trigger_digest),
                       std::move(teks), std::move(kek)});
  out.push_back(InstallPolicy{key_servers_.endpoint(key_server), std::move(policy), token});
  return out;
}

Actions GroupMember::installed(InstallToken token, Instant now) {
  if (rekeys_.awaits(token)) return rekey_installed(now);
  auto* const installing = std::get_if<Installing>(&state_);
  if (installing == nullptr || installing->token != token) return {};
  return policy_installed(std::move(*installing), now);
}

Actions GroupMember::install_failed(InstallToken token, Instant now) {
  if (rekeys_.awaits(token)) return rekey_failed(now);
  auto* const installing = std::get_if<Installing>(&state_);
  if (installing == nullptr || installing->token != token) return {};
  return policy_failed(std::move(*installing), now);
}

Actions GroupMember::policy_installed(Installing done, Instant now) {
  const std::size_t key_server = done.key_server;
  const Instant received_at = done.attempt.policy_received_at();
  reregistration_.set_teks(std::move(done.teks));
  key_servers_.prefer(key_server);
  back_off_.reset();
  asked_again_ = false;
  counters_.succeeded += 1;
  last_failure_.reset();
  policy_in_force_ = true;

  Actions out;
  const Cookie cookie = done.attempt.cookie();
  auto phase1_delete = done.attempt.phase1_delete();
  if (phase1_delete) out.push_back(*phase1_delete);
  if (const auto adopted =
          rekeys_.adopt(done.kek, key_servers_.own_address(key_server), received_at);
      !adopted)
    out.push_back(KekUnusable{adopted.error()});
  reregistration_.rearm_kek_timer(rekeys_.kek_ends(), received_at);
  append_changed_groups(out);

  nat_binding_.reset();
  auto session = done.attempt.take_session();
  if (session && session->path.behind_nat)
    nat_binding_ = NatBinding{key_servers_.endpoint(key_server).address, now};
  PostRegistration post;
  if (phase1_delete) {
    auto answers = config_.answer_from;
    answers.push_back(key_servers_.endpoint(key_server).address);
    post = PostRegistration{std::move(answers), std::move(done.trigger_digest), cookie,
                            std::move(*phase1_delete), std::move(session)};
  }
  set_state(Registered{key_server, reregistration_.next(received_at, now), std::move(post)});
  return out;
}

Actions GroupMember::policy_failed(Installing done, Instant now) {
  Actions out;
  append_phase1_delete(out, done.attempt);
  const Endpoint& from = key_servers_.endpoint(done.key_server);
  const Error why{Errc::unsupported, "policy could not be installed"};
  // Another one may have a policy that we can take.
  append(out, pause(key_servers_.behind(done.key_server), {from, why, {}, false, {}}, now));
  return out;
}

Actions GroupMember::attempt_failed(const AttemptFailure& failure, Instant now) {
  auto registering = std::move(std::get<Registering>(state_));
  const Endpoint& asked = key_servers_.endpoint(registering.rotation.key_server);
  Actions out;
  append_phase1_delete(out, registering.attempt);

  RegistrationFailed report{asked, failure.why, failure.notification,
                            failure.notification_authentic, asked};
  report.silent = failure.silent;
  const Rotation next = key_servers_.after_failure(registering.rotation, failure);
  if (next.is_over()) {
    append(out, pause(0, report, now));
    return out;
  }
  last_failure_ = failure.why;
  report.next_key_server = key_servers_.endpoint(next.key_server);
  out.push_back(report);
  append(out, begin(next, now));
  return out;
}

Actions GroupMember::pause(std::size_t next, RegistrationFailed report, Instant now) {
  report.retry_in = back_off_.next(*random_);
  report.next_key_server = key_servers_.endpoint(next);
  last_failure_ = report.why;
  set_state(Waiting{next, now + report.retry_in});
  Actions out;
  out.push_back(report);
  return out;
}

Result<Actions> GroupMember::on_push(const Datagram& push, Instant now) {
  if (std::holds_alternative<Idle>(state_)) return fail(Errc::unexpected, "PUSH while idle");
  // The agent is at work. The key server will repeat itself.
  if (std::holds_alternative<Installing>(state_))
    return fail(Errc::unexpected, "PUSH while a policy is being installed");
  const bool known = key_servers_.find(push.from.address) ||
                     std::find(config_.answer_from.begin(), config_.answer_from.end(),
                               push.from.address) != config_.answer_from.end();
  const auto sender = known ? PushSender::key_server : PushSender::other;
  auto received = rekeys_.receive(push, sender, next_token(), now);
  if (!received) {
    const auto& spi = push.message->header.cookies;
    if (!known || rekeys_.knows(spi) || !rekeys_.has_kek() ||
        !std::holds_alternative<Registered>(state_))
      return tl::unexpected<Error>{received.error()};
    counters_.dropped += 1;
    Actions out;
    out.push_back(UnknownKekSeen{push.from, spi});
    out.push_back(DatagramDropped{push.from, received.error()});
    return out;
  }
  if (received->refused) register_by(now + rekey_back_off_.next(*random_));
  return std::move(received->actions);
}

Actions GroupMember::rekey_installed(Instant now) {
  auto rekey = rekeys_.installed(now);
  rekey_back_off_.reset();
  if (rekey.teks)
    reregistration_.set_teks(std::move(*rekey.teks));
  else
    reregistration_.remove_teks(rekey.deletes);
  Actions out = std::move(rekey.actions);
  append_changed_groups(out);
  reschedule(now);
  return out;
}

Actions GroupMember::rekey_failed(Instant now) {
  rekeys_.install_failed();
  last_failure_ = Error{Errc::unsupported, "the rekey could not be installed"};
  register_by(now + rekey_back_off_.next(*random_));
  Actions out;
  append_changed_groups(out);  // a KEK it brought counts all the same
  return out;
}

// reschedule sets the time of the next registration by what a rekey left.
void GroupMember::reschedule(Instant now) {
  const bool ended = reregistration_.teks_ended(now);
  if (!rekeys_.has_kek() || ended) {
    if (ended) policy_in_force_ = false;
    register_by(reregistration_.after_deletion(now));
    return;
  }
  policy_in_force_ = true;  // whoever sends us rekeys has us as a member
  reregistration_.rearm_kek_timer(rekeys_.kek_ends(), now);
  const Instant due = reregistration_.next(now, now);
  if (auto* registered = std::get_if<Registered>(&state_)) registered->reregister_at = due;
  const auto* waiting = std::get_if<Waiting>(&state_);
  if (waiting != nullptr && due > waiting->retry_at) {
    back_off_.reset();
    set_state(Registered{key_servers_.preferred(), due, {}});
  }
}

// register_by brings the next registration forward; one that is under way will do.
void GroupMember::register_by(Instant when) {
  if (auto* registered = std::get_if<Registered>(&state_))
    registered->reregister_at = std::min(registered->reregister_at, when);
  if (auto* waiting = std::get_if<Waiting>(&state_))
    waiting->retry_at = std::min(waiting->retry_at, when);
}

void GroupMember::append_changed_groups(Actions& out) {
  if (auto changed = rekeys_.changed_groups()) out.push_back(std::move(*changed));
}

void GroupMember::set_state(State state) {
  assert(may_follow(MemberState{static_cast<std::uint8_t>(state_.index())},
                    MemberState{static_cast<std::uint8_t>(state.index())}));
  state_ = std::move(state);
}

}  // namespace gdoi
