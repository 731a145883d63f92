// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/pull/registration.h"

#include "gdoi/pull/hashes.h"
#include "gdoi/wire/dissect.h"
#include "gdoi/wire/identification.h"
#include "gdoi/wire/notification.h"
#include "gdoi/wire/shape.h"

namespace gdoi {
namespace {

// RFC 6407 section 3.2, second message: HDR*, HASH(2), Nr, SA
constexpr std::array message_2_rules{
    PayloadRule{PayloadType::hash, 1, 1},
    PayloadRule{PayloadType::nonce, 1, 1},
    PayloadRule{PayloadType::sa, 1, 1},
};

// RFC 6407 section 3.2, fourth message: HDR*, HASH(4) [, SEQ], KD. RFC 3547 section 3.2 let CERT
// and POP_R follow, which prove nothing to us.
constexpr std::array message_4_rules{
    PayloadRule{PayloadType::hash, 1, 1},
    PayloadRule{PayloadType::sequence, 0, 1},
    PayloadRule{PayloadType::key_download, 1, 1},
    PayloadRule{PayloadType::certificate, 0, 16},
    PayloadRule{PayloadType::proof_of_possession, 0, 1},
};

// RFC 6407 section 5.8: the nonce "MUST be a value between 8 and 128 octets."
constexpr std::size_t shortest_nonce = 8, longest_nonce = 128;
constexpr unsigned max_pull_repeats = 20;

IsakmpHeader header_of(const Session& session, MessageId id) {
  IsakmpHeader out;
  out.cookies = session.cookies;
  out.exchange = ExchangeType::groupkey_pull;
  out.message_id = id;
  return out;
}

// open_authentic decrypts a message and checks its HASH. After that the key server has spoken.
Result<Opened> open_authentic(const Session& session, MessageId id, View iv, View ni_b, View nr_b,
                              const IsakmpMessage& message) {
  auto opened = open(session.message_key(), iv, message);
  if (!opened) return opened;
  const auto& payloads = opened->chain.payloads;
  // RFC 2409 section 5.5: "a HASH payload MUST immediately follow the ISAKMP header"
  if (payloads.empty() || payloads.front().type != PayloadType::hash)
    return fail(Errc::not_authentic, "PULL message without HASH");
  const View rest = opened->chain.after(payloads.front());
  if (!pull_hash(session, id, ni_b, nr_b, rest).equals(payloads.front().body))
    return fail(Errc::not_authentic, "HASH of a PULL message");
  opened->chain = without_private_use(std::move(opened->chain));
  return opened;
}

Result<void> check_nonce(View nonce) {
  if (nonce.size() < shortest_nonce || nonce.size() > longest_nonce)
    return fail(Errc::malformed, "nonce of PULL message 2",
                static_cast<std::uint32_t>(nonce.size()));
  return {};
}

}  // namespace

Result<Registration> Registration::start(const Session& session, Request request) {
  assert(request.id != MessageId{} && check_nonce(request.nonce));
  const auto put = [&](Writer& out) {
    out.payload(PayloadType::nonce, request.nonce);
    out.payload(PayloadType::identification,
                encode_identification(identification_of(request.group)));
  };
  Writer alone;
  put(alone);
  const auto rest = std::move(alone).finish();
  if (!rest) return tl::unexpected<Error>{rest.error()};

  Writer out;
  out.payload(PayloadType::hash, pull_hash(session, request.id, {}, {}, *rest).view());
  put(out);
  auto sealed = seal(session.message_key(), session.iv(request.id), header_of(session, request.id),
                     std::move(out));
  if (!sealed) return tl::unexpected<Error>{sealed.error()};
  return Registration{std::move(request),
                      AwaitingPolicy{std::move(sealed->next_iv), std::move(sealed->datagram)}};
}

const Bytes& Registration::request() const {
  return std::visit([](const auto& state) -> const Bytes& { return state.sent; }, state_);
}

Result<Registration::Event> Registration::receive(const Session& session,
                                                  const IsakmpMessage& message) {
  if (message.header.cookies != session.cookies)
    return fail(Errc::unexpected, "cookies of a PULL message");
  if (message.header.message_id != request_.id)
    return fail(Errc::unexpected, "message ID of a PULL message");
  if (auto* state = std::get_if<AwaitingKeys>(&state_);
      state != nullptr && state->repeats < max_pull_repeats && state->cause == digest_of(message)) {
    state->repeats += 1;
    return Event{Continue{state->sent, true}};
  }

  auto step = std::visit([&](const auto& state) { return on(state, session, message); }, state_);
  if (!step) return tl::unexpected<Error>{step.error()};
  state_ = std::move(step->next);
  return std::move(step->event);
}

Result<Registration::Step> Registration::on(const AwaitingPolicy& state, const Session& session,
                                            const IsakmpMessage& message_2) const {
  auto opened = open_authentic(session, request_.id, state.iv, request_.nonce, {}, message_2);
  if (!opened) return tl::unexpected<Error>{opened.error()};

  auto next = read_policy(session, std::move(*opened));
  if (!next) return Step{Over{}, Refused{next.error()}};
  next->cause = digest_of(message_2);
  Bytes send = next->sent;
  return Step{std::move(*next), Continue{std::move(send)}};
}

Result<Registration::AwaitingKeys> Registration::read_policy(const Session& session,
                                                             Opened opened) const {
  const Chain& chain = opened.chain;
  if (const auto shape = check_shape(chain, message_2_rules); !shape)
    return tl::unexpected<Error>{shape.error()};
  const View nr_b = chain.find(PayloadType::nonce)->body;
  if (const auto nonce = check_nonce(nr_b); !nonce) return tl::unexpected<Error>{nonce.error()};
  const View body = chain.find(PayloadType::sa)->body;
  auto sa = parse_group_sa(body);
  if (!sa) {
    if (sa.error().about.empty()) sa.error().about = fault_in(PayloadType::sa, body);
    return tl::unexpected<Error>{sa.error()};
  }
  if (const auto sound = check_group_sa(*sa, request_.sat_rules); !sound)
    return tl::unexpected<Error>{sound.error()};

  // HASH(3) covers no payload: we ask for no sender ID, so there is no GAP to send.
  Writer out;
  out.payload(PayloadType::hash, pull_hash(session, request_.id, request_.nonce, nr_b, {}).view());
  auto sealed =
      seal(session.message_key(), opened.next_iv, header_of(session, request_.id), std::move(out));
  if (!sealed) return tl::unexpected<Error>{sealed.error()};
  return AwaitingKeys{Bytes(nr_b.begin(), nr_b.end()),
                      std::move(*sa),
                      std::move(sealed->next_iv),
                      std::move(sealed->datagram),
                      {}};
}

Result<Registration::Step> Registration::on(const AwaitingKeys& state, const Session& session,
                                            const IsakmpMessage& message_4) const {
  auto opened =
      open_authentic(session, request_.id, state.iv, request_.nonce, state.nr_b, message_4);
  if (!opened) return tl::unexpected<Error>{opened.error()};

  auto policy = read_keys(state, std::move(*opened));
  if (!policy) return Step{Over{}, Refused{policy.error()}};
  return Step{Over{}, Complete{std::move(*policy)}};
}

Result<GroupPolicy> Registration::read_keys(const AwaitingKeys& state, Opened opened) const {
  const Chain& chain = opened.chain;
  // RFC 3547 let the key server answer our KE with its own and encrypt the KD once more. We sent
  // none, so keys behind a KE are keys we cannot read.
  if (chain.find(PayloadType::key_exchange) != nullptr)
    return fail(Errc::unexpected, "KE in PULL message 4, which we did not ask for");
  if (const auto shape = check_shape(chain, message_4_rules); !shape)
    return tl::unexpected<Error>{shape.error()};

  std::optional<SequenceNumber> sequence;
  if (const auto* payload = chain.find(PayloadType::sequence)) {
    const auto number = parse_sequence(payload->body);
    if (!number) return tl::unexpected<Error>{number.error()};
    sequence = *number;
  }
  const View download = chain.find(PayloadType::key_download)->body;
  auto keys = parse_key_download(download);
  if (!keys) {
    keys.error().about = fault_in(PayloadType::key_download, download);
    return tl::unexpected<Error>{keys.error()};
  }
  return assemble(state.sa, std::move(*keys), sequence, request_.sat_rules);
}

Result<Registration::Step> Registration::on(const Over&, const Session&,
                                            const IsakmpMessage&) const {
  return fail(Errc::unexpected, "PULL message after the last");
}

}  // namespace gdoi
