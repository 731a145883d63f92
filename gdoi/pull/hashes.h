// SPDX-License-Identifier: GPL-2.0-or-later
// HASH(1) to HASH(4) of GROUPKEY-PULL (RFC 6407 section 3.2).
#pragma once

#include "gdoi/phase1/session.h"

namespace gdoi {

// pull_hash is prf(SKEYID_a, M-ID | Ni_b | Nr_b | rest), where `rest` is all that follows the HASH
// payload, without padding. Nonces that were not passed before the message are empty: both in
// HASH(1), Nr_b in HASH(2).
[[nodiscard]] KeyMaterial pull_hash(const Session& session, MessageId id, View ni_b, View nr_b,
                                    View rest);

}  // namespace gdoi
