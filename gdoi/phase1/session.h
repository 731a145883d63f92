// SPDX-License-Identifier: GPL-2.0-or-later
// Session: an established phase 1, the ISAKMP SA under which everything else travels.
#pragma once

#include "gdoi/phase1/envelope.h"
#include "gdoi/phase1/path_info.h"

namespace gdoi {

struct Session {
  CookiePair cookies;
  Phase1Proposal suite;
  KeyMaterial skeyid_a;
  KeyMaterial cipher_key;
  Bytes last_block;  // of phase 1's last ciphertext: the IVs of exchanges start here
  Bytes peer_id_b;   // who the key server says it is
  PathInfo path;

  [[nodiscard]] MessageKey message_key() const noexcept {
    return {suite.cipher, cipher_key.view()};
  }
  [[nodiscard]] Bytes iv(MessageId id) const { return exchange_iv(suite, last_block, id); }
};

}  // namespace gdoi
