// SPDX-License-Identifier: GPL-2.0-or-later
// The GROUPKEY-PUSH Acknowledgement Message (RFC 8263 section 3).
#pragma once

#include <cstdint>

#include "gdoi/base/result.h"
#include "gdoi/policy/policy.h"

namespace gdoi {

// AckKeyLength is which number L stands for in the derivation of the ack_key. RFC 8263 section 3.2
// contradicts itself: "the number of bits in the ack_key" and "512 bits for PRF-HMAC-SHA-256".
enum class AckKeyLength : std::uint8_t {
  block,     // of the prf's block: 512 for SHA-256, 1024 for SHA-512 (the number the RFC prints)
  output,    // of the prf's output, thus of the ack_key: 256, 512
  base_key,  // of the base_key
};

// uses_lkh tells the two types whose base_key comes out of an LKH_DOWNLOAD_ARRAY.
[[nodiscard]] bool uses_lkh(AckType type) noexcept;

// AckFacts is what an acknowledgement says, and what protects it. `base_key` is borrowed: the key
// (without its IV) of the KEK that decrypted the PUSH, or of the first key of the
// LKH_DOWNLOAD_ARRAY (see base_key_of), as `type` asks.
struct AckFacts {
  AckType type{};
  RekeySpi spi;             // the cookies of the PUSH
  SequenceNumber sequence;  // its SEQ
  Address member;           // the address used for the most recent GROUPKEY-PULL
  View base_key;
};

// derive_ack_key is ack_key = prf(base_key, "GROUPKEY-PUSH ACK" | SPI | L).
[[nodiscard]] KeyMaterial derive_ack_key(const AckFacts& facts, AckKeyLength length);

// encode_acknowledgement writes the whole datagram HDR, HASH, SEQ, ID. It goes to where the PUSH
// came from, from where it went to.
[[nodiscard]] Bytes encode_acknowledgement(const AckFacts& facts, AckKeyLength length);

}  // namespace gdoi
