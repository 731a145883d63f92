// SPDX-License-Identifier: GPL-2.0-or-later
// The bits of a DES key that are no key.
#pragma once

#include <span>

#include "gdoi/base/result.h"

namespace gdoi {

// set_des_parity gives each octet of a DES or 3DES key odd parity in its lowest bit (RFC 2405
// section 3, RFC 2451 section 2.2). The ciphers do not look at that bit, so a key server may send
// one key with different ones; afterwards equal keys are equal octets.
void set_des_parity(std::span<std::byte> key) noexcept;

}  // namespace gdoi
