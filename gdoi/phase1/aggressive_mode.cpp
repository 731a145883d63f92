// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/aggressive_mode.h"

namespace gdoi {
namespace {

// RFC 2409 section 5.4, second message: HDR, SA, KE, Nr, IDir, and the proof. NAT-D without our
// NAT-T vendor ID means nothing to us.
constexpr std::array second_message_rules{
    PayloadRule{PayloadType::sa, 1, 1},     PayloadRule{PayloadType::key_exchange, 1, 1},
    PayloadRule{PayloadType::nonce, 1, 1},  PayloadRule{PayloadType::certificate_request, 0, 16},
    PayloadRule{PayloadType::nat_d, 0, 16},
};

// A Diffie-Hellman computation for each forgery would be a gift: whoever sees our cookie sits on
// the path and can do worse than to make us stop listening.
constexpr unsigned max_judged = 16;

}  // namespace

Result<std::unique_ptr<AggressiveMode>> AggressiveMode::start(ExchangeConfig config,
                                                              const Authenticator& authenticator,
                                                              Random& random) {
  assert(!config.sa.transforms.empty());
  auto share = phase1::make_share(static_cast<DhGroup>(config.sa.transforms.front().group), random);
  if (!share) return tl::unexpected<Error>{share.error()};
  auto sa_b = phase1::sa_body(config.sa);
  if (!sa_b) return tl::unexpected<Error>{sa_b.error()};
  Bytes id_b = encode_identification(config.identity);

  const Cookie cookie = phase1::new_cookie(random);
  Writer out = begin_message(phase1::header_of({cookie, {}}, ExchangeType::aggressive));
  out.payload(PayloadType::sa, *sa_b)
      .payload(PayloadType::key_exchange, share->key_pair.public_value())
      .payload(PayloadType::nonce, share->ni_b)
      .payload(PayloadType::identification, id_b);
  authenticator.put_requests(out);
  for (const auto& vendor_id : phase1::vendor_ids_of(config))
    out.payload(PayloadType::vendor_id, vendor_id);
  auto sent = finish_clear(std::move(out));
  if (!sent) return tl::unexpected<Error>{sent.error()};
  return std::unique_ptr<AggressiveMode>{
      new AggressiveMode{std::move(config), authenticator, cookie, std::move(*share),
                         std::move(*sa_b), std::move(id_b), std::move(*sent)}};
}

std::vector<PayloadRule> AggressiveMode::message_2_rules() const {
  const auto proof = authenticator_->proof_shape();
  std::vector<PayloadRule> out{second_message_rules.begin(), second_message_rules.end()};
  out.insert(out.end(), proof.begin(), proof.end());
  return out;
}

Result<AggressiveMode::Step> AggressiveMode::receive(const IsakmpMessage& message) {
  const CookiePair& cookies = message.header.cookies;
  if (cookies.initiator != cookie_ || cookies.responder.is_zero())
    return fail(Errc::unexpected, "cookies of aggressive mode message 2");
  if (message.header.message_id != MessageId{})
    return fail(Errc::unexpected, "message ID in phase 1");
  const auto chain = phase1::read_clear(message, message_2_rules());
  if (!chain) return tl::unexpected<Error>{chain.error()};
  const auto answer = parse_phase1_sa(chain->find(PayloadType::sa)->body);
  if (!answer) return tl::unexpected<Error>{answer.error()};
  const auto suite = accept(config_.sa, *answer);
  if (!suite) return tl::unexpected<Error>{suite.error()};
  if (suite->group != share_.group) return fail(Errc::unexpected, "group of aggressive mode");
  const View peer_id_b = chain->find(PayloadType::identification)->body;
  if (const auto id = parse_identification(peer_id_b); !id)
    return tl::unexpected<Error>{id.error()};

  if (judged_ >= max_judged) return fail(Errc::unexpected, "too many different answers in phase 1");
  judged_ += 1;
  const auto exchange = phase1::agree(cookies, *suite, sa_b_, share_, *chain);
  if (!exchange) return tl::unexpected<Error>{exchange.error()};
  const Phase1Keys keys = derive_keys(authenticator_->skeyid(*exchange), *exchange);
  const KeyMaterial hash =
      hash_r(*exchange, authenticator_->hash(*exchange), keys.skeyid.view(), peer_id_b);
  if (const auto proof = authenticator_->verify(*chain, *exchange, hash.view()); !proof) {
    doubted_ = true;
    return tl::unexpected<Error>{proof.error()};
  }

  const auto abilities = phase1::abilities_in(message, config_);
  auto last = message_3(*exchange, keys, abilities);
  if (!last) return tl::unexpected<Error>{last.error()};
  // RFC 3947 section 4: the ports change with message 3.
  const auto path = phase1::path_after(message, config_, abilities, suite->hash);
  return Step{{Outgoing{std::move(last->datagram), path}},
              false,
              phase1::session_of(*exchange, keys, std::move(last->next_iv), peer_id_b, path)};
}

// message_3 is HDR*, proof: RFC 2409 section 5 leaves open whether it is encrypted, and all do.
Result<Sealed> AggressiveMode::message_3(const KeyExchange& exchange, const Phase1Keys& keys,
                                         const phase1::PeerAbilities& abilities) const {
  const KeyMaterial hash =
      hash_i(exchange, authenticator_->hash(exchange), keys.skeyid.view(), id_b_);
  Writer out;
  if (const auto put = authenticator_->put_proof(out, exchange, hash.view()); !put)
    return tl::unexpected<Error>{put.error()};
  phase1::put_nat_d(out, config_, abilities, exchange.suite.hash, exchange.cookies);
  if (config_.initial_contact) phase1::put_initial_contact(out, exchange.cookies);
  return seal({exchange.suite.cipher, keys.cipher_key.view()}, phase1_iv(exchange),
              phase1::header_of(exchange.cookies, ExchangeType::aggressive), std::move(out));
}

}  // namespace gdoi
