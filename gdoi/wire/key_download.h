// SPDX-License-Identifier: GPL-2.0-or-later
// The Key Download payload, KD (RFC 6407 section 5.6).
#pragma once

#include <cstdint>
#include <optional>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/reader.h"

namespace gdoi {

// KD types, RFC 6407 section 5.6.
struct KeyPacketType {
  enum : std::uint8_t { tek = 1, kek = 2, lkh = 3, sender_ids = 4 };
};

struct TekKeys {
  Spi spi;
  KeyMaterial cipher_key, integrity_key;
};

struct KekKeys {
  RekeySpi spi;
  KeyMaterial iv_and_key;  // KEK_ALGORITHM_KEY as sent: IV first (RFC 6407 section 5.6.2.1)
  Bytes signature_key;     // empty: keep the one we have
};

struct KeyDownload {
  std::vector<TekKeys> teks;
  std::optional<KekKeys> kek;
  std::optional<SenderIds> sender_ids;
  bool lkh = false;  // an LKH packet was there; its arrays are read elsewhere
  std::uint16_t ignored = 0;
};

// parse_key_download reads the body of a KD: packets must fill it exactly, SPIs must not repeat.
[[nodiscard]] Result<KeyDownload> parse_key_download(View body);

}  // namespace gdoi
