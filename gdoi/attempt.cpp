// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/attempt.h"

namespace gdoi {
namespace {

constexpr std::size_t pull_nonce_size = 32;
constexpr unsigned max_repeats = 20;

Phase1Established established_with(const Endpoint& key_server, const Phase1Proposal& suite) {
  return {key_server, ike_number(suite.cipher),
          static_cast<std::uint16_t>(cipher_key_size(suite) * 8), ike_number(suite.hash),
          static_cast<std::uint16_t>(suite.group)};
}

std::string_view meaning_of(NotifyType type) {
  if (type == NotifyType::invalid_id_information)
    return "key server says: invalid ID; is the group known there, and are we its member?";
  if (type == NotifyType::authentication_failed)
    return "key server says: authentication failed; are we a member of the group?";
  if (type == NotifyType::no_proposal_chosen) return "key server says: no proposal chosen";
  return "key server sent an error notification";
}

AttemptFailure refusal(const Error& why, NotifyType type) { return {why, type, true}; }

}  // namespace

Attempt::Attempt(Config config, Random& random, MainMode first, Instant now)
    : config_{std::move(config)},
      random_{&random},
      phase_{std::move(first)},
      timer_{config_.timers.first_retransmit, config_.timers.tries, now} {}

Result<Attempt> Attempt::start(Config config, const Authenticator& authenticator, Random& random,
                               Instant now) {
  auto first = MainMode::start(config.phase1, authenticator, random);
  if (!first) return tl::unexpected<Error>{first.error()};
  return Attempt{std::move(config), random, std::move(*first), now};
}

Result<Attempt::Step> Attempt::receive(const IsakmpMessage& message, Instant now) {
  auto step = [&]() -> Result<Step> {
    switch (message.header.exchange) {
      case ExchangeType::identity_protection:
        return on_main_mode(message, now);
      case ExchangeType::groupkey_pull:
        return on_pull(message, now);
      case ExchangeType::informational:
        return on_informational(message);
      case ExchangeType::aggressive:
      case ExchangeType::groupkey_push:
      case ExchangeType::groupkey_push_ack:
        break;
    }
    return fail(Errc::unexpected, "exchange type",
                static_cast<std::uint32_t>(message.header.exchange));
  }();
  if (!step) heard_ = true;
  return step;
}

Result<Attempt::Step> Attempt::on_main_mode(const IsakmpMessage& message, Instant now) {
  if (auto* pulling = std::get_if<Pulling>(&phase_)) {
    // Our message 5 was repeated while message 6 was on its way, so here it is again.
    if (pulling->registration.stage() != Registration::Stage::policy ||
        pulling->repeats >= max_repeats || pulling->cause != digest_of(message))
      return fail(Errc::unexpected, "phase 1 message after phase 1");
    pulling->repeats += 1;
    return Step{resend(), {}, {}};
  }

  auto step = std::get<MainMode>(phase_).receive(message);
  if (!step) return tl::unexpected<Error>{step.error()};
  if (step->session) return begin_pull(std::move(*step->session), message, now);
  if (!step->duplicate) {
    timer_ = Retransmit{config_.timers.first_retransmit, config_.timers.tries, now};
    hint_.reset();
    heard_ = false;
  }
  Step out;
  for (auto& datagram : step->send) out.actions.push_back(send(std::move(datagram)));
  return out;
}

Result<Attempt::Step> Attempt::begin_pull(Session session, const IsakmpMessage& message_6,
                                          Instant now) {
  Bytes nonce(pull_nonce_size);
  random_->fill(nonce);
  auto registration = Registration::start(
      session, {config_.group, new_message_id(), std::move(nonce), config_.keyless});
  if (!registration) return tl::unexpected<Error>{registration.error()};

  Step out;
  out.actions.push_back(established_with(config_.key_server, session.suite));
  out.actions.push_back(send(registration->request()));
  phase_ = Pulling{std::move(session), std::move(*registration), digest_of(message_6), 0, {}};
  timer_ = Retransmit{config_.timers.first_retransmit, config_.timers.tries, now};
  hint_.reset();
  heard_ = false;
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
    return out;
  }
  auto& more = std::get<Registration::Continue>(*event);
  if (!more.duplicate) {
    policy_told_ = now;
    timer_ = Retransmit{config_.timers.first_retransmit, config_.timers.tries, now};
    heard_ = false;
  }
  out.actions.push_back(send(std::move(more.send)));
  return out;
}

// refuse tells the key server why nothing more will come.
Attempt::Step Attempt::refuse(const Error& why) {
  Step out;
  auto& pulling = std::get<Pulling>(phase_);
  const Session& session = pulling.session;
  if (auto told = protect(session, new_message_id(), no_proposal_chosen(session)))
    out.actions.push_back(send(std::move(*told)));
  out.failure = AttemptFailure{why, {}};
  return out;
}

Result<Attempt::Step> Attempt::on_informational(const IsakmpMessage& message) {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr || !message.header.is_encrypted()) return on_hint(message);
  const auto told = open_informational(pulling->session, message);
  if (!told) return tl::unexpected<Error>{told.error()};

  Step out;
  for (const auto& notification : told->notifications) {
    auto step = on_notification(*pulling, notification);
    if (!step || step->failure) return step;
    std::move(step->actions.begin(), step->actions.end(), std::back_inserter(out.actions));
  }
  for (const auto& del : told->deletes)
    if (names(del, pulling->session)) {
      deleted_ = true;
      out.failure = AttemptFailure{{Errc::refused, "key server deleted phase 1"}, {}};
    }
  return out;
}

Result<Attempt::Step> Attempt::on_notification(Pulling& pulling, const Notification& notification) {
  Step out;
  if (is_error(notification.type)) {
    const Error why{Errc::refused, meaning_of(notification.type),
                    static_cast<std::uint32_t>(notification.type)};
    out.failure = refusal(why, notification.type);
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
  if (++pulling.alive_answers > max_repeats)
    return fail(Errc::unexpected, "R-U-THERE more often than a registration can take", sequence);
  auto datagram = protect(pulling.session, new_message_id(), *answer);
  if (!datagram) return tl::unexpected<Error>{datagram.error()};
  pulling.last_alive = sequence;
  out.actions.push_back(send(std::move(*datagram)));
  return out;
}

// on_hint notes what an unprotected notification says. It may be forged, so it ends nothing: it
// makes the wait that runs the last one, and gives a failure its explanation.
Result<Attempt::Step> Attempt::on_hint(const IsakmpMessage& message) {
  const auto* main_mode = std::get_if<MainMode>(&phase_);
  const Cookie& ours = main_mode != nullptr ? main_mode->cookie()
                                            : std::get<Pulling>(phase_).session.cookies.initiator;
  if (message.header.cookies.initiator != ours) return fail(Errc::unexpected, "initiator cookie");
  const auto told = read_clear_informational(message);
  if (!told) return tl::unexpected<Error>{told.error()};

  const auto error = std::find_if(told->notifications.begin(), told->notifications.end(),
                                  [](const Notification& n) { return is_error(n.type); });
  if (error == told->notifications.end())
    return fail(Errc::unexpected, "unprotected informational message");
  hint_ = error->type;
  if (main_mode != nullptr) timer_.hurry();
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

std::optional<Bytes> Attempt::farewell() {
  auto* pulling = std::get_if<Pulling>(&phase_);
  if (pulling == nullptr || deleted_) return std::nullopt;
  auto datagram = protect(pulling->session, new_message_id(), delete_of(pulling->session));
  if (!datagram) return std::nullopt;
  return std::move(*datagram);
}

Actions Attempt::resend() const {
  Actions out;
  if (const auto* main_mode = std::get_if<MainMode>(&phase_))
    for (auto& datagram : main_mode->outstanding()) out.push_back(send(std::move(datagram)));
  else
    out.push_back(send(std::get<Pulling>(phase_).registration.request()));
  return out;
}

Action Attempt::send(Bytes datagram) const { return Send{config_.key_server, std::move(datagram)}; }

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
  if (const auto* main_mode = std::get_if<MainMode>(&phase_))
    return give_up_phase1(main_mode->stage());

  const bool first = std::get<Pulling>(phase_).registration.stage() == Registration::Stage::policy;
  AttemptFailure out{{Errc::timed_out, "key server silent after PULL message 3"}, hint_};
  if (first) out.why.where = "key server silent after PULL message 1: does it know the group?";
  if (heard_)
    out.why.where =
        first ? "no valid answer to PULL message 1" : "no valid answer to PULL message 3";
  return out;
}

AttemptFailure Attempt::give_up_phase1(MainMode::Stage stage) const {
  AttemptFailure out{{Errc::timed_out, "key server silent"}, hint_};
  if (hint_) out.why.detail = static_cast<std::uint32_t>(*hint_);
  switch (stage) {
    case MainMode::Stage::proposal:
      out.doubts_doi = true;
      out.hinted_doi = hint_ == NotifyType::no_proposal_chosen ||
                       hint_ == NotifyType::doi_not_supported ||
                       hint_ == NotifyType::situation_not_supported;
      if (heard_) out.why.where = "no valid answer to our phase 1 proposal";
      if (hint_)
        out.why = {Errc::refused, "key server refuses our phase 1 proposal", out.why.detail};
      return out;
    case MainMode::Stage::keys:
      out.why.where = heard_ ? "no valid answer to our phase 1 key exchange"
                             : "key server silent after our phase 1 key exchange";
      return out;
    case MainMode::Stage::proof:
      out.why.where = "no valid answer to our authentication: is the pre-shared key right?";
      if (heard_ || hint_) out.why.code = Errc::not_authentic;
      return out;
  }
  return out;
}

}  // namespace gdoi
