// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/keys.h"

namespace gdoi {

KeyMaterial skeyid_of_pre_shared_key(HashAlgorithm hash, View pre_shared_key, View ni_b,
                                     View nr_b) {
  return prf(hash, pre_shared_key, {ni_b, nr_b});
}

KeyMaterial skeyid_of_signatures(const KeyExchange& exchange) {
  // RFC 2409 section 5: "For signatures: SKEYID = prf(Ni_b | Nr_b, g^xy)"
  Bytes nonces = exchange.ni_b;
  nonces.insert(nonces.end(), exchange.nr_b.begin(), exchange.nr_b.end());
  return prf(exchange.suite.hash, nonces, {exchange.g_xy.view()});
}

Phase1Keys derive_keys(KeyMaterial skeyid, const KeyExchange& exchange) {
  static constexpr std::array zero{std::byte{0}}, one{std::byte{1}}, two{std::byte{2}};
  const HashAlgorithm hash = exchange.suite.hash;
  const View g_xy = exchange.g_xy.view();
  const View cky_i = exchange.cookies.initiator.bytes, cky_r = exchange.cookies.responder.bytes;

  // RFC 2409 section 5:
  // SKEYID_d = prf(SKEYID, g^xy | CKY-I | CKY-R | 0)
  // SKEYID_a = prf(SKEYID, SKEYID_d | g^xy | CKY-I | CKY-R | 1)
  // SKEYID_e = prf(SKEYID, SKEYID_a | g^xy | CKY-I | CKY-R | 2)
  Phase1Keys out;
  out.skeyid = std::move(skeyid);
  const View key = out.skeyid.view();
  out.skeyid_d = prf(hash, key, {g_xy, cky_i, cky_r, zero});
  out.skeyid_a = prf(hash, key, {out.skeyid_d.view(), g_xy, cky_i, cky_r, one});
  out.skeyid_e = prf(hash, key, {out.skeyid_a.view(), g_xy, cky_i, cky_r, two});
  out.cipher_key = expand_cipher_key(hash, out.skeyid_e.view(), cipher_key_size(exchange.suite));
  return out;
}

KeyMaterial expand_cipher_key(HashAlgorithm hash, View skeyid_e, std::size_t size) {
  if (skeyid_e.size() >= size) return KeyMaterial::copy_of(skeyid_e.first(size));

  // RFC 2409 appendix B: "Ka = K1 | K2 | K3 and K1 = prf(SKEYID_e, 0), K2 = prf(SKEYID_e, K1), ..."
  static constexpr std::array zero{std::byte{0}};
  KeyMaterial out{size};
  KeyMaterial block = prf(hash, skeyid_e, {zero});
  for (std::size_t done = 0; done < size; done += block.size()) {
    if (done > 0) block = prf(hash, skeyid_e, {block.view()});
    const View part = block.view().first(std::min(block.size(), size - done));
    std::copy(part.begin(), part.end(), out.writable().begin() + static_cast<std::ptrdiff_t>(done));
  }
  return out;
}

KeyMaterial hash_i(const KeyExchange& exchange, HashAlgorithm hash, View skeyid, View id_b) {
  // RFC 2409 section 5: "HASH_I = prf(SKEYID, g^xi | g^xr | CKY-I | CKY-R | SAi_b | IDii_b )"
  return prf(hash, skeyid,
             {exchange.g_xi, exchange.g_xr, exchange.cookies.initiator.bytes,
              exchange.cookies.responder.bytes, exchange.sa_b, id_b});
}

KeyMaterial hash_r(const KeyExchange& exchange, HashAlgorithm hash, View skeyid, View id_b) {
  // RFC 2409 section 5: "HASH_R = prf(SKEYID, g^xr | g^xi | CKY-R | CKY-I | SAi_b | IDir_b )"
  return prf(hash, skeyid,
             {exchange.g_xr, exchange.g_xi, exchange.cookies.responder.bytes,
              exchange.cookies.initiator.bytes, exchange.sa_b, id_b});
}

Bytes phase1_iv(const KeyExchange& exchange) {
  Bytes out = digest(exchange.suite.hash, {exchange.g_xi, exchange.g_xr});
  out.resize(block_size(exchange.suite.cipher));
  return out;
}

Bytes exchange_iv(const Phase1Proposal& suite, View last_block, MessageId id) {
  Bytes out = digest(suite.hash, {last_block, octets_of(id)});
  out.resize(block_size(suite.cipher));
  return out;
}

std::array<std::byte, 4> octets_of(MessageId id) noexcept {
  return {static_cast<std::byte>(id.value >> 24 & 0xff),
          static_cast<std::byte>(id.value >> 16 & 0xff),
          static_cast<std::byte>(id.value >> 8 & 0xff), static_cast<std::byte>(id.value & 0xff)};
}

}  // namespace gdoi
