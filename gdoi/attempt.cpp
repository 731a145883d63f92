// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/attempt.h"

#include "gdoi/phase1/aggressive_mode.h"
#include "gdoi/phase1/main_mode.h"

namespace gdoi {
namespace {

constexpr std::size_t pull_nonce_size = 32;
constexpr unsigned max_answers_repeated = 20;

Phase1Established established_with(const Endpoint& key_server, const Session& session) {
  const Phase1Proposal& suite = session.suite;
  return {key_server,
          ike_number(suite.cipher),
          static_cast<std::uint16_t>(cipher_key_size(suite) * 8),
          ike_number(suite.hash),
          static_cast<std::uint16_t>(suite.group),
          session.path.floated,
          session.path.behind_nat};
}

// A message that no path is sure to carry goes in fragments, where the key server takes them.
bool by_fragments(const Outgoing& message) {
  return message.path.fragments && message.message.size() > largest_unfragmented;
}

// begin makes message 1 of the mode that is wanted.
Result<std::unique_ptr<Phase1Exchange>> begin(const Attempt::Config& config,
                                              const Authenticator& authenticator, Random& random) {
  if (config.mode == Phase1Mode::aggressive)
    return AggressiveMode::start(config.phase1, authenticator, random);
  return MainMode::start(config.phase1, authenticator, random);
}

}  // namespace

Attempt::Attempt(Config config, const Authenticator& authenticator, Random& random,
                 std::unique_ptr<Phase1Exchange> first, Instant now)
    : config_{std::move(config)},
      random_{&random},
      phase_{std::move(first)},
      timer_{config_.timers.first_retransmit, config_.timers.tries, now},
      authenticator_{&authenticator} {}

Result<Attempt> Attempt::start(Config config, const Authenticator& authenticator, Random& random,
                               Instant now) {
  auto first = begin(config, authenticator, random);
  if (!first) return tl::unexpected<Error>{first.error()};
  return Attempt{std::move(config), authenticator, random, std::move(*first), now};
}

bool Attempt::is_peer(const Endpoint& from) const noexcept {
  const auto& others = config_.answer_from;
  if (from.address != config_.key_server.address &&
      std::find(others.begin(), others.end(), from.address) == others.end())
    return false;
  return from.port == config_.key_server.port ||
         (config_.phase1.nat_traversal && from.port == nat_traversal_port);
}

Result<Attempt::Step> Attempt::receive(const IsakmpMessage& message, Instant now) {
  auto step = is_fragment(message.header) ? on_fragment(message, now) : on_message(message, now);
  if (!step) without_answer_.got_invalid_reply = true;
  return step;
}

// on_fragment takes what the key server announced that it would send, once it did so. Of several
// messages that forged fragments make possible, the one that fits counts.
Result<Attempt::Step> Attempt::on_fragment(const IsakmpMessage& message, Instant now) {
  const auto* phase1 = std::get_if<std::unique_ptr<Phase1Exchange>>(&phase_);
  const bool announced = phase1 != nullptr ? (*phase1)->fragments() : session()->path.fragments;
  if (!announced) return fail(Errc::unexpected, "IKE fragment that was not announced");
  if (message.header.cookies.initiator != cookie())
    return fail(Errc::unexpected, "initiator cookie");
  const auto whole = reassembly_.add(message, now);
  if (!whole) return tl::unexpected<Error>{whole.error()};

  Result<Step> out = Step{};
  for (const auto& octets : *whole) {
    const auto inner = parse_message(octets);
    if (!inner || is_fragment(inner->header))
      out = inner ? fail(Errc::malformed, "IKE fragment made of fragments")
                  : tl::unexpected<Error>{inner.error()};
    else
      out = on_message(*inner, now);
    if (out) return out;
  }
  return out;
}

Result<Attempt::Step> Attempt::on_message(const IsakmpMessage& message, Instant now) {
  switch (message.header.exchange) {
    case ExchangeType::identity_protection:
    case ExchangeType::aggressive:
      return on_phase1(message, now);
    case ExchangeType::groupkey_pull:
      return on_pull(message, now);
    case ExchangeType::informational:
      return on_informational(message);
    case ExchangeType::groupkey_push:
    case ExchangeType::groupkey_push_ack:
      break;
  }
  return fail(Errc::unexpected, "exchange type",
              static_cast<std::uint32_t>(message.header.exchange));
}

Result<Attempt::Step> Attempt::on_phase1(const IsakmpMessage& message, Instant now) {
  if (auto* pulling = std::get_if<Pulling>(&phase_)) {
    // Our last message was repeated, or lost, while this one was on its way: here it is again.
    if (pulling->registration.stage() != Registration::Stage::policy ||
        pulling->repeats >= max_answers_repeated || pulling->trigger_digest != digest_of(message))
      return fail(Errc::unexpected, "phase 1 message after phase 1");
    pulling->repeats += 1;
    return Step{resend(), {}, {}, {}};
  }

  auto& phase1 = *std::get<std::unique_ptr<Phase1Exchange>>(phase_);
  if (message.header.exchange != phase1.type())
    return fail(Errc::unexpected, "other mode of phase 1 than ours");
  auto step = phase1.receive(message);
  if (!step) {
    record_untrusted_peer(step.error());
    return tl::unexpected<Error>{step.error()};
  }
  record_vendor_ids(message);
  if (step->session) return begin_pull(std::move(*step), message, now);
  if (!step->duplicate) {
    made_progress(now);
    without_answer_.hint.reset();
  }
  Step out;
  for (auto& message_of_ours : step->send) send(out.actions, std::move(message_of_ours));
  return out;
}

// record_untrusted_peer keeps why a peer is not the key server we look for. Whoever is on the path
// may have sent that proof before the honest one comes, so it ends nothing: the wait that runs is
// the last one.
void Attempt::record_untrusted_peer(const Error& why) {
  if (why.code != Errc::untrusted) return;
  without_answer_.untrusted = why;
  timer_.stop_after_current_wait();
}

// record_vendor_ids keeps what the key server, or who poses as it, announced: for people to read.
void Attempt::record_vendor_ids(const IsakmpMessage& message) {
  constexpr std::size_t most = 32, longest = 64;
  if (message.header.is_encrypted()) return;
  const auto chain = parse_chain(message.body, message.header.next, 0);
  if (!chain) return;
  for (const auto& payload : chain->payloads) {
    if (payload.type != PayloadType::vendor_id || vendor_ids_.size() == most) continue;
    const View octets = payload.body.first(std::min(payload.body.size(), longest));
    std::pair one{message.header.cookies.responder, Bytes(octets.begin(), octets.end())};
    if (std::find(vendor_ids_.begin(), vendor_ids_.end(), one) == vendor_ids_.end())
      vendor_ids_.push_back(std::move(one));
  }
}

// made_progress: a valid answer came, and the next message of ours is on its way.
void Attempt::made_progress(Instant now) {
  timer_ = Retransmit{config_.timers.first_retransmit, config_.timers.tries, now};
  without_answer_.got_invalid_reply = false;
}

Result<Attempt::Step> Attempt::begin_pull(Phase1Exchange::Step step, const IsakmpMessage& message,
                                          Instant now) {
  Session session = std::move(*step.session);
  Bytes nonce(pull_nonce_size);
  random_->fill(nonce);
  auto registration = Registration::start(
      session, {config_.group, new_message_id(), std::move(nonce), config_.sat_rules});
  if (!registration) return tl::unexpected<Error>{registration.error()};

  Step out;
  auto established = established_with(config_.key_server, session);
  for (auto& [responder, octets] : vendor_ids_)
    if (responder == session.cookies.responder) established.vendor_ids.push_back(std::move(octets));
  vendor_ids_.clear();
  out.actions.push_back(std::move(established));
  phase_ = Pulling{std::move(session),
                   std::move(*registration),
                   digest_of(message),
                   std::move(step.send),
                   0,
                   {}};
  for (auto& action : resend()) out.actions.push_back(std::move(action));
  made_progress(now);
  without_answer_.hint.reset();
  return out;
}

Result<Attempt::Step> Attempt::on_pull(const IsakmpMessage& message, Instant now) {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr) return fail(Errc::unexpected, "PULL message before phase 1 is done");
  auto event = pulling->registration.receive(pulling->session, message);
  if (!event) return tl::unexpected<Error>{event.error()};

  if (auto* refused = std::get_if<Registration::Refused>(&*event)) return refuse(refused->why);
  Step out;
  if (auto* complete = std::get_if<Registration::Complete>(&*event)) {
    out.policy = std::move(complete->policy);
    out.trigger_digest = digest_of(message);
    return out;
  }
  auto& more = std::get<Registration::Continue>(*event);
  if (!more.duplicate) {
    policy_received_at_ = now;
    made_progress(now);
  }
  send(out.actions, pulling->session, std::move(more.send));
  return out;
}

// refuse tells the key server why nothing more will come.
Attempt::Step Attempt::refuse(const Error& why) {
  Step out;
  auto& pulling = std::get<Pulling>(phase_);
  const Session& session = pulling.session;
  if (auto refusal = protect(session, new_message_id(), no_proposal_chosen(session)))
    send(out.actions, session, std::move(*refusal));
  out.failure = AttemptFailure{why, {}};
  return out;
}

Result<Attempt::Step> Attempt::on_informational(const IsakmpMessage& message) {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr || !message.header.is_encrypted()) return on_hint(message);
  const auto opened = open_informational(pulling->session, message);
  if (!opened) return tl::unexpected<Error>{opened.error()};

  Step out;
  for (const auto& notification : opened->notifications) {
    auto step = on_notification(*pulling, notification);
    if (!step || step->failure) return step;
    std::move(step->actions.begin(), step->actions.end(), std::back_inserter(out.actions));
  }
  for (const auto& del : opened->deletes)
    if (refers_to(del, pulling->session)) {
      deleted_ = true;
      out.failure = AttemptFailure{{Errc::refused, "key server deleted phase 1"}, {}};
    }
  return out;
}

Result<Attempt::Step> Attempt::on_notification(Pulling& pulling, const Notification& notification) {
  Step out;
  if (is_error(notification.type)) {
    out.failure = refused_with(notification.type);
    return out;
  }
  if (notification.type != NotifyType::r_u_there) return out;

  auto answer = alive_answer(notification, pulling.session);
  if (!answer) return tl::unexpected<Error>{answer.error()};
  Reader data{notification.data};
  std::uint32_t sequence = 0;
  [[maybe_unused]] const bool read = data.u32(sequence);
  assert(read);
  // RFC 3706 section 6.2: the numbers of one peer increase, so that a replay is noticed. The same
  // number again is our answer lost.
  if (pulling.last_alive && sequence < *pulling.last_alive)
    return fail(Errc::unexpected, "R-U-THERE with an old sequence number", sequence);
  if (++pulling.alive_answers > max_answers_repeated)
    return fail(Errc::unexpected, "R-U-THERE more often than a registration can take", sequence);
  auto datagram = protect(pulling.session, new_message_id(), *answer);
  if (!datagram) return tl::unexpected<Error>{datagram.error()};
  pulling.last_alive = sequence;
  send(out.actions, pulling.session, std::move(*datagram));
  return out;
}

const Cookie& Attempt::cookie() const noexcept {
  const auto* phase1 = std::get_if<std::unique_ptr<Phase1Exchange>>(&phase_);
  return phase1 != nullptr ? (*phase1)->cookie() : session()->cookies.initiator;
}

// on_hint records what an unprotected notification says. It may be forged, so it ends nothing: it
// makes the wait that runs the last one, and gives a failure its explanation.
Result<Attempt::Step> Attempt::on_hint(const IsakmpMessage& message) {
  if (message.header.cookies.initiator != cookie())
    return fail(Errc::unexpected, "initiator cookie");
  const auto read = read_clear_informational(message);
  if (!read) return tl::unexpected<Error>{read.error()};

  const auto error = std::find_if(read->notifications.begin(), read->notifications.end(),
                                  [](const Notification& n) { return is_error(n.type); });
  if (error == read->notifications.end())
    return fail(Errc::unexpected, "unprotected informational message");
  without_answer_.hint = error->type;
  if (std::holds_alternative<std::unique_ptr<Phase1Exchange>>(phase_))
    timer_.stop_after_current_wait();
  return Step{};
}

Attempt::Step Attempt::wake(Instant now) {
  Step out;
  if (now < timer_.due()) return out;
  if (timer_.again(now)) {
    out.actions = resend();
    return out;
  }
  out.failure = give_up();
  return out;
}

std::optional<Send> Attempt::phase1_delete() {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr || deleted_) return std::nullopt;
  auto octets = protect(pulling->session, new_message_id(), delete_of(pulling->session));
  if (!octets) return std::nullopt;
  return datagram(std::move(*octets), pulling->session.path);
}

const Session* Attempt::session() const noexcept {
  const auto* pulling = std::get_if<Pulling>(&phase_);
  return pulling == nullptr ? nullptr : &pulling->session;
}

std::optional<Session> Attempt::take_session() {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr || deleted_) return std::nullopt;
  return std::move(pulling->session);
}

Actions Attempt::resend() {
  Actions out;
  if (const auto* phase1 = std::get_if<std::unique_ptr<Phase1Exchange>>(&phase_)) {
    for (auto& message : (*phase1)->outstanding()) send(out, std::move(message));
    return out;
  }
  const auto& pulling = std::get<Pulling>(phase_);
  if (pulling.registration.stage() == Registration::Stage::policy)
    for (const auto& message : pulling.last) send(out, message);
  send(out, pulling.session, pulling.registration.request());
  return out;
}

// datagram is one to the port that both ends agreed on.
Send Attempt::datagram(Bytes octets, const PathInfo& path) const {
  if (!path.floated) return {config_.key_server, std::move(octets)};
  return {{config_.key_server.address, nat_traversal_port}, std::move(octets), nat_traversal_port};
}

void Attempt::send(Actions& out, Outgoing message) {
  if (by_fragments(message)) {
    if (auto parts = fragments_of(message.message, ++fragment_id_)) {
      for (auto& part : *parts) out.push_back(datagram(std::move(part), message.path));
      return;
    }
  }
  out.push_back(datagram(std::move(message.message), message.path));
}

void Attempt::send(Actions& out, const Session& session, Bytes message) {
  send(out, Outgoing{std::move(message), session.path});
}

MessageId Attempt::new_message_id() {
  std::array<std::byte, 4> drawn{};
  MessageId out;
  while (out == MessageId{}) {
    random_->fill(drawn);
    Reader in{drawn};
    [[maybe_unused]] const bool read = in.u32(out.value);
    assert(read);
  }
  return out;
}

AttemptFailure Attempt::give_up() const {
  if (const auto* pulling = std::get_if<Pulling>(&phase_))
    return pull_timeout(pulling->registration.stage(), without_answer_);
  const auto& phase1 = *std::get<std::unique_ptr<Phase1Exchange>>(phase_);
  const auto waiting = phase1.outstanding();
  const bool floated = std::any_of(waiting.begin(), waiting.end(),
                                   [](const Outgoing& message) { return message.path.floated; });
  return phase1_timeout(phase1.stage(), floated, authenticator_->failure_hint(), without_answer_);
}

}  // namespace gdoi
