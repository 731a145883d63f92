// SPDX-License-Identifier: GPL-2.0-or-later
// How many octets of key each algorithm of a TEK takes (RFC 6407 section 5.6.1).
#pragma once

#include <cstddef>
#include <cstdint>

#include "gdoi/base/registry.h"

namespace gdoi {

// cipher_key_octets is the length of TEK_ALGORITHM_KEY: the key of `key_bits`, then the salt or
// nonce of counter modes.
[[nodiscard]] std::size_t cipher_key_octets(EspTransformId transform,
                                            std::uint16_t key_bits) noexcept;

// integrity_key_octets is the length of TEK_INTEGRITY_KEY; 0 when there is none.
[[nodiscard]] std::size_t integrity_key_octets(IntegrityId integrity) noexcept;

}  // namespace gdoi
