// SPDX-License-Identifier: GPL-2.0-or-later
// CBC encryption of ISAKMP messages (RFC 2409 appendix B, RFC 6407 section 5.6.2.1).
#pragma once

#include <cstdint>

#include "gdoi/base/result.h"

namespace gdoi {

enum class CipherAlgorithm : std::uint8_t { des_cbc, triple_des_cbc, aes_cbc };

[[nodiscard]] std::size_t block_size(CipherAlgorithm cipher) noexcept;

// valid_key_size tells whether `octets` is a key length of `cipher`: 8, 24, or 16/24/32.
[[nodiscard]] bool valid_key_size(CipherAlgorithm cipher, std::size_t octets) noexcept;

// encrypt pads `plain` with zeros to the block size (none when aligned) and encrypts it. `key` and
// `iv` must have valid sizes (a precondition: callers checked when they made them).
[[nodiscard]] Bytes encrypt(CipherAlgorithm cipher, View key, View iv, View plain);

// decrypt returns the plaintext with whatever padding it has; fails when `wire` is empty or not a
// multiple of the block size.
[[nodiscard]] Result<Bytes> decrypt(CipherAlgorithm cipher, View key, View iv, View wire);

}  // namespace gdoi
