// SPDX-License-Identifier: GPL-2.0-or-later
// Keys, hashes and IVs of phase 1 (RFC 2409 section 5 and appendix B).
#pragma once

#include "gdoi/base/ids.h"
#include "gdoi/phase1/proposal.h"

namespace gdoi {

// KeyExchange is what came before the proofs: messages 1 to 4 of Main Mode. "_b" bodies are without
// their generic header, as RFC 2409 writes them.
struct KeyExchange {
  Phase1Proposal suite;
  CookiePair cookies;
  Bytes sa_b;        // SAi_b: our whole offer
  Bytes g_xi, g_xr;  // KE bodies
  Bytes ni_b, nr_b;
  KeyMaterial g_xy;
  std::vector<Bytes> requests;  // CR bodies of the key server
};

// Phase1Keys are what the two sides derive from it.
struct Phase1Keys {
  KeyMaterial skeyid, skeyid_d, skeyid_a, skeyid_e;
  KeyMaterial cipher_key;
};

// skeyid_of_pre_shared_key is SKEYID = prf(pre-shared-key, Ni_b | Nr_b).
[[nodiscard]] KeyMaterial skeyid_of_pre_shared_key(HashAlgorithm hash, View pre_shared_key,
                                                   View ni_b, View nr_b);

// skeyid_of_signatures is SKEYID = prf(Ni_b | Nr_b, g^xy).
[[nodiscard]] KeyMaterial skeyid_of_signatures(const KeyExchange& exchange);

// derive_keys makes SKEYID_d, SKEYID_a, SKEYID_e and the cipher key out of SKEYID.
[[nodiscard]] Phase1Keys derive_keys(KeyMaterial skeyid, const KeyExchange& exchange);

// expand_cipher_key is appendix B's Ka: the first octets of SKEYID_e, or of its expansion when it
// is too short.
[[nodiscard]] KeyMaterial expand_cipher_key(HashAlgorithm hash, View skeyid_e, std::size_t size);

// HASH_I and HASH_R. `id_b` is the body of the identity of the side that speaks, `hash` the
// negotiated hash unless a signature method is tied to another one.
[[nodiscard]] KeyMaterial hash_i(const KeyExchange& exchange, HashAlgorithm hash, View skeyid,
                                 View id_b);
[[nodiscard]] KeyMaterial hash_r(const KeyExchange& exchange, HashAlgorithm hash, View skeyid,
                                 View id_b);

// phase1_iv is the IV of the first encrypted message of phase 1.
[[nodiscard]] Bytes phase1_iv(const KeyExchange& exchange);

// exchange_iv is the IV of the first message of an exchange under phase 1, whose last ciphertext
// block was `last_block`.
[[nodiscard]] Bytes exchange_iv(const Phase1Proposal& suite, View last_block, MessageId id);

// octets_of writes a message ID as hashes want it: four octets, big endian.
[[nodiscard]] std::array<std::byte, 4> octets_of(MessageId id) noexcept;

}  // namespace gdoi
