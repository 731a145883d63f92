// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "gdoi/policy/policy.h"

namespace gdoi {

// rekey_key_digest is the SHA-256 of the key that verifies rekeys under `kek`, as the key server
// sent it: DER of a SubjectPublicKeyInfo (RFC 6407 section 5.6.2.2), as a rule.
[[nodiscard]] Bytes rekey_key_digest(const Kek& kek);

}  // namespace gdoi
