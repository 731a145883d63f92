// SPDX-License-Identifier: GPL-2.0-or-later
// Main Mode, message by message.
#include "gdoi/phase1/fragments.h"
#include "gdoi/phase1/main_mode.h"
#include "gdoi/wire/notification.h"

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

// RFC 2409 section 5: "The length of nonce payload MUST be between 8 and 256 bytes"
constexpr std::size_t shortest_nonce = 8, longest_nonce = 256;
constexpr std::size_t our_nonce_size = 32;

IsakmpHeader header_of(const CookiePair& cookies) {
  IsakmpHeader out;
  out.cookies = cookies;
  out.exchange = ExchangeType::identity_protection;
  return out;
}

Result<Chain> read_clear(const IsakmpMessage& message, std::span<const PayloadRule> rules) {
  if (message.header.is_encrypted()) return fail(Errc::unexpected, "encrypted message");
  auto chain = parse_chain(message.body, message.header.next, 0);
  if (!chain) return chain;
  chain = without_private_use(std::move(*chain));
  if (const auto shape = check_shape(*chain, rules); !shape)
    return tl::unexpected<Error>{shape.error()};
  return chain;
}

// vendor_ids_of lists all that message 1 announces.
std::vector<Bytes> vendor_ids_of(const MainModeConfig& config) {
  std::vector<Bytes> out = config.vendor_ids;
  if (config.nat_traversal)
    for (auto& vendor_id : nat_traversal_vendor_ids()) out.push_back(std::move(vendor_id));
  if (config.fragments) out.push_back(fragmentation_vendor_id());
  return out;
}

// conveyance_after is how messages travel once the key server sent its NAT-D payloads.
Conveyance conveyance_after(const IsakmpMessage& message_4, const AwaitingKeys& state,
                            const MainModeConfig& config) {
  Conveyance out;
  out.fragments = state.abilities.fragments;
  if (!config.nat_traversal) return out;
  // NAT-D of the drafts is a payload for private use, so it is looked for in the whole chain.
  const auto chain = parse_chain(message_4.body, message_4.header.next, 0);
  if (!chain) return out;
  const auto nat =
      find_nat(*chain, state.abilities.nat, state.suite.hash, state.cookies, *config.nat_traversal);
  out.floated = nat.ours || nat.theirs;
  out.behind_nat = nat.ours;
  return out;
}

// RFC 2407 section 4.6.3.3: the SPI of an INITIAL-CONTACT is the cookie pair, its protocol ISAKMP.
Notification initial_contact(const CookiePair& cookies) {
  constexpr std::uint8_t protocol_isakmp = 1;
  Notification out;
  out.doi = doi_ipsec;
  out.protocol = protocol_isakmp;
  out.type = NotifyType::initial_contact;
  const auto& [i, r] = cookies;
  out.spi.assign(i.bytes.begin(), i.bytes.end());
  out.spi.insert(out.spi.end(), r.bytes.begin(), r.bytes.end());
  return out;
}

}  // namespace

Result<AwaitingAnswer> propose(const MainModeConfig& config, const Cookie& cookie) {
  constexpr std::size_t generic_header = 4;
  Writer sa;
  put_phase1_sa(sa, config.sa);
  const auto payload = std::move(sa).finish();
  if (!payload) return tl::unexpected<Error>{payload.error()};
  const View sa_b = View{*payload}.subspan(generic_header);

  Writer out = begin_message(header_of({cookie, {}}));
  out.payload(PayloadType::sa, sa_b);
  for (const auto& vendor_id : vendor_ids_of(config))
    out.payload(PayloadType::vendor_id, vendor_id);
  auto sent = finish_clear(std::move(out));
  if (!sent) return tl::unexpected<Error>{sent.error()};
  return AwaitingAnswer{cookie, config.sa, Bytes(sa_b.begin(), sa_b.end()), std::move(*sent)};
}

Result<OurShare> make_share(DhGroup group, Random& random) {
  auto key_pair = DiffieHellman::generate(group, random);
  if (!key_pair) return tl::unexpected<Error>{key_pair.error()};
  Bytes ni_b(our_nonce_size);
  random.fill(ni_b);
  return OurShare{group, std::move(*key_pair), std::move(ni_b)};
}

Result<Phase1Proposal> answer_in(const AwaitingAnswer& state, const IsakmpMessage& message_2) {
  const CookiePair& cookies = message_2.header.cookies;
  if (cookies.initiator != state.cookie || cookies.responder.is_zero())
    return fail(Errc::unexpected, "cookies of phase 1 message 2");
  const auto chain = read_clear(message_2, message_2_rules);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  const auto answer = parse_phase1_sa(chain->find(PayloadType::sa)->body);
  if (!answer) return tl::unexpected<Error>{answer.error()};
  return accept(state.offered, *answer);
}

PeerAbilities abilities_in(const IsakmpMessage& message_2, const MainModeConfig& config) {
  PeerAbilities out;
  const auto chain = parse_chain(message_2.body, message_2.header.next, 0);
  if (!chain) return out;
  if (config.nat_traversal) out.nat = nat_dialect_in(*chain);
  out.fragments =
      config.fragments &&
      std::any_of(chain->payloads.begin(), chain->payloads.end(), [](const auto& one) {
        return one.type == PayloadType::vendor_id && is_fragmentation_vendor_id(one.body);
      });
  return out;
}

Result<AwaitingKeys> on(const AwaitingAnswer& state, const CookiePair& cookies,
                        const Phase1Proposal& suite, std::shared_ptr<const OurShare> share,
                        const PeerAbilities& abilities, const MainModeConfig& config) {
  assert(share->group == suite.group);
  std::vector<Bytes> nat_ds;  // RFC 3947 section 3.2: the remote end first
  if (abilities.nat != NatDialect::none)
    for (const auto& end : {config.nat_traversal->remote, config.nat_traversal->local})
      nat_ds.push_back(nat_d(suite.hash, cookies, end));
  auto sent = message_3(cookies, share->key_pair.public_value(), share->ni_b, nat_ds,
                        nat_d_type(abilities.nat));
  if (!sent) return tl::unexpected<Error>{sent.error()};
  Conveyance by;
  by.fragments = abilities.fragments;
  return AwaitingKeys{cookies,          suite,     state.sa_b,
                      std::move(share), abilities, Outgoing{std::move(*sent), by}};
}

Result<Bytes> message_3(const CookiePair& cookies, View g_xi, View ni_b,
                        std::span<const Bytes> nat_d, PayloadType nat_d_type) {
  Writer out = begin_message(header_of(cookies));
  out.payload(PayloadType::key_exchange, g_xi).payload(PayloadType::nonce, ni_b);
  for (const auto& body : nat_d) out.payload(nat_d_type, body);
  return finish_clear(std::move(out));
}

Result<AwaitingProof> on(const AwaitingKeys& state, const IsakmpMessage& message_4,
                         const MainModeConfig& config, const Authenticator& authenticator) {
  if (message_4.header.cookies != state.cookies)
    return fail(Errc::unexpected, "cookies of phase 1 message 4");
  const auto chain = read_clear(message_4, message_4_rules);
  if (!chain) return tl::unexpected<Error>{chain.error()};
  const View g_xr = chain->find(PayloadType::key_exchange)->body;
  const View nr_b = chain->find(PayloadType::nonce)->body;
  if (nr_b.size() < shortest_nonce || nr_b.size() > longest_nonce)
    return fail(Errc::malformed, "phase 1 nonce", static_cast<std::uint32_t>(nr_b.size()));
  auto g_xy = state.share->key_pair.shared_secret(g_xr);
  if (!g_xy) return tl::unexpected<Error>{g_xy.error()};

  const View g_xi = state.share->key_pair.public_value();
  KeyExchange exchange;
  exchange.suite = state.suite;
  exchange.cookies = state.cookies;
  exchange.sa_b = state.sa_b;
  exchange.g_xi.assign(g_xi.begin(), g_xi.end());
  exchange.g_xr.assign(g_xr.begin(), g_xr.end());
  exchange.ni_b = state.share->ni_b;
  exchange.nr_b.assign(nr_b.begin(), nr_b.end());
  exchange.g_xy = std::move(*g_xy);
  return prove(std::move(exchange), config, authenticator,
               conveyance_after(message_4, state, config));
}

Result<AwaitingProof> prove(KeyExchange exchange, const MainModeConfig& config,
                            const Authenticator& authenticator, const Conveyance& conveyance) {
  Phase1Keys keys = derive_keys(authenticator.skeyid(exchange), exchange);
  const Bytes id_b = encode_identification(config.identity);
  const KeyMaterial hash = hash_i(exchange, keys.skeyid.view(), id_b);

  Writer out;
  out.payload(PayloadType::identification, id_b);
  authenticator.put_proof(out, hash.view());
  if (config.initial_contact) put_notification(out, initial_contact(exchange.cookies));
  auto sealed = seal({exchange.suite.cipher, keys.cipher_key.view()}, phase1_iv(exchange),
                     header_of(exchange.cookies), std::move(out));
  if (!sealed) return tl::unexpected<Error>{sealed.error()};
  return AwaitingProof{std::move(exchange), std::move(keys), std::move(sealed->next_iv),
                       Outgoing{std::move(sealed->datagram), conveyance}};
}

Result<Session> on(const AwaitingProof& state, const IsakmpMessage& message_6,
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
  const KeyMaterial hash = hash_r(exchange, state.keys.skeyid.view(), id_b);
  if (const auto proof = authenticator.verify(opened->chain, hash.view()); !proof)
    return tl::unexpected<Error>{proof.error()};

  return Session{exchange.cookies,
                 exchange.suite,
                 KeyMaterial::copy_of(state.keys.skeyid_a.view()),
                 KeyMaterial::copy_of(state.keys.cipher_key.view()),
                 std::move(opened->next_iv),
                 Bytes(id_b.begin(), id_b.end()),
                 state.sent.by};
}

}  // namespace gdoi::main_mode
