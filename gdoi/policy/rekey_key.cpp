// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/rekey_key.h"

#include "gdoi/crypto/digest.h"

namespace gdoi {

Bytes rekey_key_digest(const Kek& kek) {
  return digest(HashAlgorithm::sha256, {kek.signature_key});
}

}  // namespace gdoi
