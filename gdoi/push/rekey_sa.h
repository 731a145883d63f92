// SPDX-License-Identifier: GPL-2.0-or-later
// One Rekey SA: a KEK that GROUPKEY-PUSH messages may come under.
#pragma once

#include "gdoi/base/result.h"
#include "gdoi/crypto/signature.h"
#include "gdoi/policy/policy.h"
#include "gdoi/push/header_variants.h"
#include "gdoi/push/signature_budget.h"

namespace gdoi {

struct RekeySa {
  Kek kek;  // its last_sequence is that of the last PUSH accepted under it
  VerificationKey signature_key;
  Instant expires;
  bool confirmed = false;  // from a registration, or a PUSH came under it
  // It came by PUSH and none has come under it: whatever number the first one has counts. RFC 6407
  // says 1; RFC 3547 let the numbers of the KEK before go on, and some begin with 0.
  bool any_sequence = false;
  // How its key server signs, as far as is known; and from when on other ways may be tried.
  HeaderVariant signed_form = header_variants.front();
  Instant other_forms_from{};
  SignatureBudget budget{};
};

// KnownSequence is what must not be forgotten of a KEK as long as it lives: up to which number its
// rekeys were seen. `key` tells its keys from others with that SPI, and does not give them away.
struct KnownSequence {
  RekeySpi spi;
  Bytes key;  // 16 octets of SHA-256 over IV and key, parity bits of DES left out
  SequenceNumber last;
  Instant ends;
  friend bool operator==(const KnownSequence&, const KnownSequence&) = default;
};
[[nodiscard]] KnownSequence known_sequence(const RekeySa& sa);

// signature_hash is the hash that PUSH messages are signed over, stated or implied.
[[nodiscard]] HashAlgorithm signature_hash(const KekPolicy& policy) noexcept;

// make_rekey_sa makes a home of its own for the keys of `kek`. Fails when the signature algorithm
// is one that we do not verify (DSS, ECDSS), or the public key none of it.
[[nodiscard]] Result<RekeySa> make_rekey_sa(const Kek& kek, Instant now);

// same_key tells whether the secrets of both are the same.
[[nodiscard]] bool same_key(const Kek& a, const Kek& b) noexcept;

}  // namespace gdoi
