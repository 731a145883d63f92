// SPDX-License-Identifier: GPL-2.0-or-later
// The KEK: its policy out of the SAK joined with its keys out of the KD.
#pragma once

#include "gdoi/policy/policy.h"
#include "gdoi/wire/key_download.h"

namespace gdoi {

// make_kek splits KEK_ALGORITHM_KEY into IV and key and checks that the signature key can be read
// and belongs to SIG_ALGORITHM. Fails when the SPIs differ.
[[nodiscard]] Result<Kek> make_kek(const KekPolicy& policy, KekKeys keys, SequenceNumber sequence);

}  // namespace gdoi
