// SPDX-License-Identifier: GPL-2.0-or-later
// The frame of a GROUPKEY-PUSH message (RFC 6407 section 4): what may be read of it before its
// signature is verified.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gdoi/wire/header.h"
#include "gdoi/wire/payload.h"

namespace gdoi {

// check_push_header refuses what no PUSH has: another exchange type, other flags than encryption, a
// message ID, a first payload that is not SEQ.
[[nodiscard]] Result<void> check_push_header(const IsakmpHeader& header);

// PushFrame points into the decrypted message. All views are bodies, and unread.
struct PushFrame {
  SequenceNumber sequence;
  std::vector<View> deletes;
  std::optional<View> sa, key_download;  // both or neither
  View signature;
  View before_signature;               // all payloads that SIG covers, generic headers included
  std::size_t payload_octets = 0;      // all payloads, padding excluded
  std::uint16_t ignored_payloads = 0;  // certificates, vendor IDs and private ones
};

// read_frame checks SEQ, [D ...,] [SA, KD,] SIG. SEQ must be first and SIG last; what is between
// them may be in any order. A PUSH with nothing to say is refused.
[[nodiscard]] Result<PushFrame> read_frame(const Chain& chain);

}  // namespace gdoi
