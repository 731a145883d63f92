// SPDX-License-Identifier: GPL-2.0-or-later
// One Rekey SA: a KEK that GROUPKEY-PUSH messages may come under.
#pragma once

#include "gdoi/base/result.h"
#include "gdoi/crypto/signature.h"
#include "gdoi/policy/policy.h"

namespace gdoi {

struct RekeySa {
  Kek kek;  // its last_sequence is that of the last PUSH accepted under it
  VerificationKey signature_key;
  Instant expires;
  bool confirmed = false;  // from a registration, or a PUSH came under it
};

// signature_hash is the hash that PUSH messages are signed over, stated or implied.
[[nodiscard]] HashAlgorithm signature_hash(const KekPolicy& policy) noexcept;

// make_rekey_sa makes a home of its own for the keys of `kek`. Fails when the signature algorithm
// is one that we do not verify (DSS, ECDSS), or the public key none of it.
[[nodiscard]] Result<RekeySa> make_rekey_sa(const Kek& kek, Instant now);

// same_key tells whether the secrets of both are the same.
[[nodiscard]] bool same_key(const Kek& a, const Kek& b) noexcept;

}  // namespace gdoi
