// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/member_machine.h"

namespace gdoi {
namespace {

constexpr unsigned max_repeats = 5;

// RFC 3948 section 4: "M is a locally configurable parameter with a default value of 20 seconds."
constexpr seconds keep_alive_pause{20};

MemberConfig completed(MemberConfig config) {
  assert(!config.key_servers.empty());
  assert(config.phase1.doi == doi_ipsec || config.phase1.doi == doi_gdoi);
  auto& phase1 = config.phase1;
  if (phase1.proposals.empty()) phase1.proposals = default_proposals(phase1.mode);
  if (phase1.mode == Phase1Mode::aggressive)
    phase1.proposals = of_one_group(std::move(phase1.proposals));
  return config;
}

std::uint32_t other_doi(std::uint32_t doi) { return doi == doi_gdoi ? doi_ipsec : doi_gdoi; }

void append(Actions& to, Actions from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

std::unique_ptr<const Authenticator> authenticator_for(const KeyServer& key_server,
                                                       const Phase1Config& config) {
  const auto& known = config.key_server_identities;
  if (!config.certificates) return std::make_unique<PreSharedKey>(key_server.pre_shared_key, known);
  const CertificateConfig& certificates = *config.certificates;
  CertificatePolicy policy{certificates.send, known, certificates.ignore_told_identity};
  if (known.empty())
    policy.key_servers.push_back(identification_of(key_server.endpoint.address, 0, 0));
  return std::make_unique<SignatureAuthenticator>(certificates.credentials, std::move(policy),
                                                  *certificates.clock);
}

}  // namespace

MemberMachine::MemberMachine(MemberConfig config, Random& random)
    : config_{completed(std::move(config))},
      random_{random},
      back_off_{config_.timers},
      rekeys_{{config_.tek_without_key, config_.ack_key_length}} {
  for (const auto& key_server : config_.key_servers)
    acquaintances_.push_back(
        {authenticator_for(key_server, config_.phase1), config_.phase1.doi, false, false, true});
}

Actions MemberMachine::start(Instant now) {
  if (!std::holds_alternative<Idle>(state_)) return {};
  return begin_round(preferred_, now);
}

Actions MemberMachine::reregister(Instant now) {
  if (std::holds_alternative<Registering>(state_) || std::holds_alternative<Installing>(state_))
    return {};
  return begin_round(preferred_, now);
}

Actions MemberMachine::clear(Instant now) {
  Actions out = stop(now);
  append(out, begin_round(preferred_, now));
  return out;
}

Actions MemberMachine::begin_round(std::size_t key_server, Instant now) {
  return begin({key_server, config_.key_servers.size(), false}, now);
}

Actions MemberMachine::begin(Round round, Instant now) {
  status_.registrations_attempted += 1;
  Actions out;
  out.push_back(RegistrationStarted{endpoint(round.key_server),
                                    static_cast<std::uint32_t>(status_.registrations_attempted)});
  auto attempt = Attempt::start(attempt_config(round.key_server),
                                *acquaintances_[round.key_server].authenticator, random_, now);
  if (!attempt) {  // our offer does not fit into a message: no key server will do better
    append(out, pause(round.key_server,
                      {endpoint(round.key_server), attempt.error(), {}, false, {}}, now));
    return out;
  }
  append(out, attempt->first());
  enter(Registering{round, std::move(*attempt)});
  return out;
}

Attempt::Config MemberMachine::attempt_config(std::size_t key_server) const {
  const Acquaintance& known = acquaintances_[key_server];
  Attempt::Config out;
  out.key_server = endpoint(key_server);
  out.phase1.sa = offer(config_.phase1.proposals, known.authenticator->method(),
                        config_.phase1.lifetime, known.doi);
  // RFC 2407 section 4.6.2: "During Phase I negotiations, the ID port and protocol fields MUST be
  // set to zero or to UDP port 500." 848 is neither, and strict key servers abort.
  out.phase1.identity =
      config_.phase1.identity.value_or(identification_of(local_address(key_server), 0, 0));
  out.phase1.initial_contact = config_.phase1.initial_contact && !known.met;
  out.phase1.vendor_ids.push_back(dead_peer_detection_vendor_id());
  if (config_.phase1.nat_traversal && known.nat_traversal)
    out.phase1.nat_traversal = PathEnds{{local_address(key_server), gdoi_port}, out.key_server};
  out.phase1.fragments = config_.phase1.fragments;
  out.mode = config_.phase1.mode;
  out.group = config_.group;
  out.tek_without_key = config_.tek_without_key;
  out.timers = config_.timers;
  return out;
}

Actions MemberMachine::receive(const Datagram& datagram, Instant now) {
  auto actions = on_datagram(datagram, now);
  if (actions) return std::move(*actions);
  status_.datagrams_dropped += 1;
  Actions out;
  out.push_back(DatagramDropped{datagram.from, actions.error()});
  return out;
}

bool MemberMachine::owns(const Datagram& datagram) const {
  if (!datagram.message) return false;
  const IsakmpHeader& header = datagram.message->header;
  const CookiePair& cookies = header.cookies;
  if (header.exchange == ExchangeType::groupkey_push) return rekeys_.knows(cookies);
  if (const auto* registering = std::get_if<Registering>(&state_))
    return registering->attempt.cookie() == cookies.initiator;
  const auto* registered = std::get_if<Registered>(&state_);
  return registered != nullptr && registered->farewell && registered->cookie == cookies.initiator;
}

Result<Actions> MemberMachine::on_datagram(const Datagram& datagram, Instant now) {
  const auto& [from, to_port, message] = datagram;
  if (!message) return tl::unexpected<Error>{message.error()};
  // A PUSH is known by its cookies, not by where it comes from (RFC 6407 section 4.2), so it must
  // not meet the checks below.
  if (message->header.exchange == ExchangeType::groupkey_push) return on_push(datagram, now);

  if (auto* registered = std::get_if<Registered>(&state_))
    return on_late(*registered, from, *message);
  auto* registering = std::get_if<Registering>(&state_);
  if (registering == nullptr) return fail(Errc::unexpected, "message while none is awaited");
  if (!registering->attempt.speaks(from))
    return fail(Errc::unexpected, "message from another endpoint than the key server's");
  auto step = registering->attempt.receive(*message, now);
  if (!step) return tl::unexpected<Error>{step.error()};
  return settle(std::move(*step), now);
}

// on_late answers a key server that does not know of our good-bye: it repeats PULL message 4, or
// asks whether we are there (RFC 3706). We say good-bye again.
Result<Actions> MemberMachine::on_late(Registered& state, const Endpoint& from,
                                       const IsakmpMessage& message) {
  const Error nothing{Errc::unexpected, "message while none is awaited"};
  if (!state.farewell || state.repeats >= max_repeats ||
      from.address != endpoint(state.key_server).address)
    return tl::unexpected<Error>{nothing};
  if (state.last_message != digest_of(message)) {
    if (message.header.exchange != ExchangeType::informational || !state.session)
      return tl::unexpected<Error>{nothing};
    const auto told = open_informational(*state.session, message);
    if (!told) return tl::unexpected<Error>{told.error()};
    if (std::none_of(told->notifications.begin(), told->notifications.end(),
                     [](const Notification& one) { return one.type == NotifyType::r_u_there; }))
      return tl::unexpected<Error>{nothing};
  }
  state.repeats += 1;
  Actions out;
  out.push_back(*state.farewell);
  return out;
}

Actions MemberMachine::settle(Attempt::Step step, Instant now) {
  Actions out = std::move(step.actions);
  auto& registering = std::get<Registering>(state_);
  if (registering.attempt.established()) {
    Acquaintance& known = acquaintances_[registering.round.key_server];
    known.met = known.doi_works = true;
  }
  if (step.failure) append(out, failed(*step.failure, now));
  if (step.policy) append(out, install(std::move(*step.policy), std::move(step.cause), now));
  return out;
}

Actions MemberMachine::install(GroupPolicy policy, Bytes cause, Instant now) {
  auto registering = std::move(std::get<Registering>(state_));
  const std::size_t key_server = registering.round.key_server;
  // A rekey came between PULL message 2, which told of the list, and this one: the list in force is
  // newer than this policy, and was acknowledged. So we ask once more.
  if (list_is_newer_than(registering.attempt.policy_told())) {
    Actions again;
    if (auto farewell = registering.attempt.farewell()) again.push_back(std::move(*farewell));
    append(again, begin_round(key_server, now));
    return again;
  }
  Coverage coverage{policy, registering.attempt.policy_told()};
  auto kek = policy.kek ? std::optional{copy_of(*policy.kek)} : std::nullopt;
  const InstallToken token = next_token();
  enter(Installing{token, key_server, std::move(registering.attempt), std::move(cause),
                   std::move(coverage), std::move(kek)});

  Actions out;
  out.push_back(InstallPolicy{endpoint(key_server), std::move(policy), token});
  return out;
}

Actions MemberMachine::installed(InstallToken token, Instant now) {
  if (pending_ && pending_->token == token) return rekey_installed(now);
  auto* const installing = std::get_if<Installing>(&state_);
  if (installing == nullptr || installing->token != token) return {};
  auto done = std::move(*installing);
  const Instant told = done.attempt.policy_told();
  coverage_ = std::move(done.coverage);
  preferred_ = done.key_server;
  back_off_.reset();
  status_.registrations_succeeded += 1;
  status_.rekeys.since_registration = 0;
  status_.last_failure.reset();
  status_.registered_with = endpoint(done.key_server);

  Actions out;
  const Cookie cookie = done.attempt.cookie();
  auto farewell = done.attempt.farewell();
  if (farewell) out.push_back(*farewell);
  append(out, adopt(std::move(done.kek), local_address(done.key_server), told));
  mapping_.reset();
  auto session = done.attempt.take_session();
  if (session && session->conveyance.behind_nat)
    mapping_ =
        Mapping{{endpoint(done.key_server).address, nat_traversal_port}, now + keep_alive_pause};
  enter(Registered{done.key_server, registration_due(told, now), std::move(done.last_message),
                   cookie, std::move(farewell), std::move(session), 0});
  return out;
}

Actions MemberMachine::install_failed(InstallToken token, Instant now) {
  if (pending_ && pending_->token == token) return rekey_failed(now);
  auto* const installing = std::get_if<Installing>(&state_);
  if (installing == nullptr || installing->token != token) return {};
  auto done = std::move(*installing);
  Actions out;
  if (auto farewell = done.attempt.farewell()) out.push_back(std::move(*farewell));
  append(out, pause(done.key_server,
                    {endpoint(done.key_server),
                     {Errc::unsupported, "policy could not be installed"},
                     {},
                     false,
                     {}},
                    now));
  return out;
}

Actions MemberMachine::failed(const AttemptFailure& failure, Instant now) {
  auto registering = std::move(std::get<Registering>(state_));
  Round round = registering.round;
  const Endpoint& asked = endpoint(round.key_server);
  Actions out;
  if (auto farewell = registering.attempt.farewell()) out.push_back(std::move(*farewell));
  // One that does not answer at UDP 4500 is asked without moving there next time, and then again.
  Acquaintance& known = acquaintances_[round.key_server];
  if (failure.doubts_nat || failure.why.code == Errc::timed_out)
    known.nat_traversal = !failure.doubts_nat;

  RegistrationFailed report{asked, failure.why, failure.notification,
                            failure.notification_authentic, asked};
  if (!try_other_doi(failure, round)) {
    round.key_server = (round.key_server + 1) % config_.key_servers.size();
    round.left -= 1;
    round.other_doi_asked = false;
  }
  if (round.left == 0) {
    append(out, pause(0, report, now));
    return out;
  }
  status_.last_failure = failure.why;
  report.next_key_server = endpoint(round.key_server);
  out.push_back(report);
  append(out, begin(round, now));
  return out;
}

// try_other_doi changes the DOI for the key server's next time when this one may be what it does
// not like. It tells whether that next time is now: a hint is worth it, silence has cost enough.
bool MemberMachine::try_other_doi(const AttemptFailure& failure, Round& round) {
  Acquaintance& known = acquaintances_[round.key_server];
  if (!config_.phase1.fallback_doi || !failure.doubts_doi) return false;
  if (known.doi_works && !failure.hinted_doi) return false;
  known.doi = other_doi(known.doi);
  known.doi_works = false;
  if (!failure.hinted_doi || round.other_doi_asked) return false;
  round.other_doi_asked = true;
  return true;
}

Actions MemberMachine::pause(std::size_t next, RegistrationFailed report, Instant now) {
  report.retry_in = back_off_.next(random_);
  report.next_key_server = endpoint(next);
  status_.last_failure = report.why;
  enter(Waiting{next, now + report.retry_in});
  Actions out;
  out.push_back(report);
  return out;
}

Actions MemberMachine::wake(Instant now) {
  Actions out;
  while (!delayed_.empty() && now >= delayed_.front().at) {
    out.push_back(std::move(delayed_.front().send));
    delayed_.erase(delayed_.begin());
  }
  if (const auto ends = rekeys_.ends(); ends && now >= *ends) {
    rekeys_.expire(now);
    listen(out);
  }
  if (const auto ends = coverage_.ends(); ends && now >= *ends) status_.registered_with.reset();
  keep_alive(out, now);

  if (auto* registering = std::get_if<Registering>(&state_))
    append(out, settle(registering->attempt.wake(now), now));
  else if (const auto* waiting = std::get_if<Waiting>(&state_); waiting && now >= waiting->retry_at)
    append(out, begin_round(waiting->key_server, now));
  else if (const auto* registered = std::get_if<Registered>(&state_);
           registered && now >= registered->reregister_at)
    append(out, begin_round(preferred_, now));
  return out;
}

// keep_alive sends something through the NAT in front of us now and then, as long as rekeys are to
// find the way back.
void MemberMachine::keep_alive(Actions& out, Instant now) {
  if (!mapping_ || now < mapping_->next) return;
  if (!expects_unicast()) {
    mapping_.reset();
    status_.keep_alive_to.reset();
    return;
  }
  out.push_back(KeepAlive{mapping_->to});
  mapping_->next = now + keep_alive_pause;
}

std::optional<Instant> MemberMachine::deadline() const {
  std::optional<Instant> out = rekeys_.ends();
  const auto no_later_than = [&](Instant at) { out = out ? std::min(*out, at) : at; };
  if (!delayed_.empty()) no_later_than(delayed_.front().at);
  if (const auto ends = coverage_.ends(); ends && status_.registered_with) no_later_than(*ends);
  if (mapping_) no_later_than(mapping_->next);
  if (const auto* registering = std::get_if<Registering>(&state_))
    no_later_than(registering->attempt.deadline());
  if (const auto* waiting = std::get_if<Waiting>(&state_)) no_later_than(waiting->retry_at);
  if (const auto* registered = std::get_if<Registered>(&state_))
    no_later_than(registered->reregister_at);
  return out;
}

Actions MemberMachine::stop(Instant) {
  Actions out;
  std::optional<Send> farewell;
  if (auto* registering = std::get_if<Registering>(&state_))
    farewell = registering->attempt.farewell();
  if (auto* installing = std::get_if<Installing>(&state_))
    farewell = installing->attempt.farewell();
  if (farewell) out.push_back(std::move(*farewell));
  coverage_ = {};
  rekeys_.clear();
  pending_.reset();
  delayed_.clear();
  kek_term_.reset();
  list_told_.reset();
  mapping_.reset();
  status_.registered_with.reset();
  listen(out);
  enter(Idle{});
  return out;
}

// enter changes the state, and tells the status the same.
void MemberMachine::enter(State state) {
  using Shown = MemberStatus::State;
  state_ = std::move(state);
  status_.retry_at.reset();
  status_.reregister_at.reset();
  status_.current_key_server.reset();
  status_.keep_alive_to =
      mapping_ && expects_unicast() ? std::optional{mapping_->to} : std::nullopt;
  if (std::holds_alternative<Idle>(state_)) status_.state = Shown::idle;
  if (const auto* registering = std::get_if<Registering>(&state_)) {
    status_.state = Shown::registering;
    status_.current_key_server = endpoint(registering->round.key_server);
  }
  if (const auto* installing = std::get_if<Installing>(&state_)) {
    status_.state = Shown::registering;
    status_.current_key_server = endpoint(installing->key_server);
  }
  if (const auto* registered = std::get_if<Registered>(&state_)) {
    status_.state = Shown::registered;
    status_.reregister_at = registered->reregister_at;
    status_.current_key_server = endpoint(registered->key_server);
  }
  if (const auto* waiting = std::get_if<Waiting>(&state_)) {
    status_.state = Shown::waiting;
    status_.retry_at = waiting->retry_at;
  }
}

}  // namespace gdoi
