// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/exchange.h"

#include "gdoi/phase1/fragments.h"
#include "gdoi/wire/notification.h"
#include "gdoi/wire/sa.h"

namespace gdoi {

Bytes dead_peer_detection_vendor_id() {
  static constexpr std::array<std::uint8_t, 16> octets{0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1,
                                                       0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc,
                                                       0x77, 0x57, 0x01, 0x00};
  Bytes out;
  for (const auto octet : octets) out.push_back(std::byte{octet});
  return out;
}

namespace phase1 {
namespace {

// RFC 2409 section 5: "The length of nonce payload MUST be between 8 and 256 bytes"
constexpr std::size_t shortest_nonce = 8, longest_nonce = 256;
constexpr std::size_t our_nonce_size = 32;

std::vector<Bytes> requests_in(const Chain& message) {
  std::vector<Bytes> out;
  for (const auto& payload : message.payloads)
    if (payload.type == PayloadType::certificate_request)
      out.emplace_back(payload.body.begin(), payload.body.end());
  return out;
}

}  // namespace

Cookie new_cookie(Random& random) {
  Cookie out;
  while (out.is_zero()) random.fill(out.bytes);
  return out;
}

IsakmpHeader header_of(const CookiePair& cookies, ExchangeType type) {
  IsakmpHeader out;
  out.cookies = cookies;
  out.exchange = type;
  return out;
}

Result<Bytes> sa_body(const Phase1Sa& sa) {
  constexpr std::size_t generic_header = 4;
  Writer out;
  put_phase1_sa(out, sa);
  const auto payload = std::move(out).finish();
  if (!payload) return tl::unexpected<Error>{payload.error()};
  const View body = View{*payload}.subspan(generic_header);
  return Bytes(body.begin(), body.end());
}

Result<OurShare> make_share(DhGroup group, Random& random) {
  auto key_pair = DiffieHellman::generate(group, random);
  if (!key_pair) return tl::unexpected<Error>{key_pair.error()};
  Bytes ni_b(our_nonce_size);
  random.fill(ni_b);
  return OurShare{group, std::move(*key_pair), std::move(ni_b)};
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

Result<KeyExchange> agree(const CookiePair& cookies, const Phase1Proposal& suite, Bytes sa_b,
                          const OurShare& share, const Chain& message) {
  const View g_xr = message.find(PayloadType::key_exchange)->body;
  const View nr_b = message.find(PayloadType::nonce)->body;
  if (nr_b.size() < shortest_nonce || nr_b.size() > longest_nonce)
    return fail(Errc::malformed, "phase 1 nonce", static_cast<std::uint32_t>(nr_b.size()));
  auto g_xy = share.key_pair.shared_secret(g_xr);
  if (!g_xy) return tl::unexpected<Error>{g_xy.error()};

  const View g_xi = share.key_pair.public_value();
  KeyExchange out;
  out.suite = suite;
  out.cookies = cookies;
  out.sa_b = std::move(sa_b);
  out.g_xi.assign(g_xi.begin(), g_xi.end());
  out.g_xr.assign(g_xr.begin(), g_xr.end());
  out.ni_b = share.ni_b;
  out.nr_b.assign(nr_b.begin(), nr_b.end());
  out.g_xy = std::move(*g_xy);
  out.requests = requests_in(message);
  return out;
}

std::vector<Bytes> vendor_ids_of(const ExchangeConfig& config) {
  std::vector<Bytes> out = config.vendor_ids;
  if (config.nat_traversal)
    for (auto& vendor_id : nat_traversal_vendor_ids()) out.push_back(std::move(vendor_id));
  if (config.fragments) out.push_back(fragmentation_vendor_id());
  return out;
}

PeerAbilities abilities_in(const IsakmpMessage& message_2, const ExchangeConfig& config) {
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

void put_nat_d(Writer& out, const ExchangeConfig& config, const PeerAbilities& abilities,
               HashAlgorithm hash, const CookiePair& cookies) {
  if (abilities.nat == NatDialect::none) return;
  // RFC 3947 section 3.2: the remote end first
  for (const auto& end : {config.nat_traversal->remote, config.nat_traversal->local})
    out.payload(nat_d_type(abilities.nat), nat_d(hash, cookies, end));
}

PathInfo path_after(const IsakmpMessage& message, const ExchangeConfig& config,
                    const PeerAbilities& abilities, HashAlgorithm hash) {
  PathInfo out;
  out.fragments = abilities.fragments;
  if (!config.nat_traversal) return out;
  // NAT-D of the drafts is a payload for private use, so it is looked for in the whole chain.
  const auto chain = parse_chain(message.body, message.header.next, 0);
  if (!chain) return out;
  const auto nat =
      find_nat(*chain, abilities.nat, hash, message.header.cookies, *config.nat_traversal);
  out.floated = nat.ours || nat.theirs;
  out.behind_nat = nat.ours;
  return out;
}

void put_initial_contact(Writer& out, const CookiePair& cookies) {
  // RFC 2407 section 4.6.3.3: the SPI is the cookie pair, the protocol ISAKMP.
  Notification notification;
  notification.doi = doi_ipsec;
  notification.protocol = protocol_isakmp;
  notification.type = NotifyType::initial_contact;
  const auto& [i, r] = cookies;
  notification.spi.assign(i.bytes.begin(), i.bytes.end());
  notification.spi.insert(notification.spi.end(), r.bytes.begin(), r.bytes.end());
  put_notification(out, notification);
}

Session session_of(const KeyExchange& exchange, const Phase1Keys& keys, Bytes last_block,
                   View peer_id_b, const PathInfo& path) {
  return {exchange.cookies,
          exchange.suite,
          KeyMaterial::copy_of(keys.skeyid_a.view()),
          KeyMaterial::copy_of(keys.cipher_key.view()),
          std::move(last_block),
          Bytes(peer_id_b.begin(), peer_id_b.end()),
          path};
}

}  // namespace phase1
}  // namespace gdoi
