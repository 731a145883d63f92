// SPDX-License-Identifier: GPL-2.0-or-later
// Main Mode, message by message.
#include "gdoi/phase1/main_mode.h"

namespace gdoi::main_mode {
namespace {

// RFC 2409 section 5.4, second message: HDR, SA
constexpr std::array message_2_rules{PayloadRule{PayloadType::sa, 1, 1}};

// RFC 2409 section 5.4, fourth message: HDR, KE, Nr. A key server that also takes certificates asks
// for ours (RFC 2409 section 5.1); NAT-D without a NAT-T vendor ID of ours means nothing to us.
constexpr std::array message_4_rules{
    PayloadRule{PayloadType::key_exchange, 1, 1},
    PayloadRule{PayloadType::nonce, 1, 1},
    PayloadRule{PayloadType::certificate_request, 0, 16},
    PayloadRule{PayloadType::nat_d, 0, 16},
};

constexpr auto main_mode_type = ExchangeType::identity_protection;

}  // namespace

Result<AwaitingAnswer> propose(const ExchangeConfig& config, const Cookie& cookie) {
  auto sa_b = phase1::sa_body(config.sa);
  if (!sa_b) return tl::unexpected<Error>{sa_b.error()};
  Writer out = begin_message(phase1::header_of({cookie, {}}, main_mode_type));
  out.payload(PayloadType::sa, *sa_b);
  for (const auto& vendor_id : phase1::vendor_ids_of(config))
    out.payload(PayloadType::vendor_id, vendor_id);
  auto sent = finish_clear(std::move(out));
  if (!sent) return tl::unexpected<Error>{sent.error()};
  return AwaitingAnswer{cookie, config.sa, std::move(*sa_b), std::move(*sent)};
}

Result<Phase1Proposal> answer_in(const AwaitingAnswer& state, const IsakmpMessage& message_2) {
  const CookiePair& cookies = message_2.header.cookies;
  if (cookies.initiator != state.cookie || cookies.responder.is_zero())
    return fail(Errc::unexpected, "cookies of phase 1 message 2");
  const auto chain = phase1::read_clear(message_2, message_2_rules);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  const auto answer = parse_phase1_sa(chain->find(PayloadType::sa)->body);
  if (!answer) return tl::unexpected<Error>{answer.error()};
  return accept(state.offered, *answer);
}

Result<AwaitingKeys> on(const AwaitingAnswer& state, const CookiePair& cookies,
                        const Phase1Proposal& suite, std::shared_ptr<const OurShare> share,
                        const PeerAbilities& abilities, const ExchangeConfig& config,
                        const Authenticator& authenticator) {
  assert(share->group == suite.group);
  auto sent = message_3(cookies, suite, abilities, config, authenticator,
                        share->key_pair.public_value(), share->ni_b);
  if (!sent) return tl::unexpected<Error>{sent.error()};
  PathInfo path;
  path.fragments = abilities.fragments;
  return AwaitingKeys{cookies,          suite,     state.sa_b,
                      std::move(share), abilities, Outgoing{std::move(*sent), path}};
}

Result<Bytes> message_3(const CookiePair& cookies, const Phase1Proposal& suite,
                        const PeerAbilities& abilities, const ExchangeConfig& config,
                        const Authenticator& authenticator, View g_xi, View ni_b) {
  Writer out = begin_message(phase1::header_of(cookies, main_mode_type));
  out.payload(PayloadType::key_exchange, g_xi).payload(PayloadType::nonce, ni_b);
  authenticator.put_requests(out);
  phase1::put_nat_d(out, config, abilities, suite.hash, cookies);
  return finish_clear(std::move(out));
}

Result<AwaitingProof> on(const AwaitingKeys& state, const IsakmpMessage& message_4,
                         const ExchangeConfig& config, const Authenticator& authenticator) {
  if (message_4.header.cookies != state.cookies)
    return fail(Errc::unexpected, "cookies of phase 1 message 4");
  const auto chain = phase1::read_clear(message_4, message_4_rules);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  auto exchange = phase1::agree(state.cookies, state.suite, state.sa_b, *state.share, *chain);
  if (!exchange) return tl::unexpected<Error>{exchange.error()};
  return prove(std::move(*exchange), config, authenticator,
               phase1::path_after(message_4, config, state.abilities, state.suite.hash));
}

Result<AwaitingProof> prove(KeyExchange exchange, const ExchangeConfig& config,
                            const Authenticator& authenticator, const PathInfo& path) {
  Phase1Keys keys = derive_keys(authenticator.skeyid(exchange), exchange);
  const Bytes id_b = encode_identification(config.identity);
  const KeyMaterial hash = hash_i(exchange, authenticator.hash(exchange), keys.skeyid.view(), id_b);

  Writer out;
  out.payload(PayloadType::identification, id_b);
  if (const auto put = authenticator.put_proof(out, exchange, hash.view()); !put)
    return tl::unexpected<Error>{put.error()};
  if (config.initial_contact) phase1::put_initial_contact(out, exchange.cookies);
  auto sealed = seal({exchange.suite.cipher, keys.cipher_key.view()}, phase1_iv(exchange),
                     phase1::header_of(exchange.cookies, main_mode_type), std::move(out));
  if (!sealed) return tl::unexpected<Error>{sealed.error()};
  return AwaitingProof{std::move(exchange), std::move(keys), std::move(sealed->next_iv),
                       Outgoing{std::move(sealed->datagram), path}};
}

Result<Opened> proof_in(const AwaitingProof& state, const IsakmpMessage& message_6,
                        const Authenticator& authenticator) {
  const KeyExchange& exchange = state.exchange;
  if (message_6.header.cookies != exchange.cookies)
    return fail(Errc::unexpected, "cookies of phase 1 message 6");
  auto opened = open({exchange.suite.cipher, state.keys.cipher_key.view()}, state.iv, message_6);
  if (!opened) return tl::unexpected<Error>{opened.error()};
  opened->chain = without_private_use(std::move(opened->chain));
  if (const auto shape = check_shape(opened->chain, authenticator.proof_shape()); !shape)
    return tl::unexpected<Error>{shape.error()};

  const View id_b = opened->chain.find(PayloadType::identification)->body;
  if (const auto id = parse_identification(id_b); !id) return tl::unexpected<Error>{id.error()};
  return opened;
}

Result<Session> on(const AwaitingProof& state, Opened proof, const Authenticator& authenticator) {
  const KeyExchange& exchange = state.exchange;
  const View id_b = proof.chain.find(PayloadType::identification)->body;
  const KeyMaterial hash =
      hash_r(exchange, authenticator.hash(exchange), state.keys.skeyid.view(), id_b);
  if (const auto valid = authenticator.verify(proof.chain, exchange, hash.view()); !valid)
    return tl::unexpected<Error>{valid.error()};

  return phase1::session_of(exchange, state.keys, std::move(proof.next_iv), id_b, state.sent.path);
}

}  // namespace gdoi::main_mode
