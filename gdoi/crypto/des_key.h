// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "gdoi/base/result.h"

namespace gdoi {

// equal_des_keys tells whether two keys of DES or 3DES are the same to the cipher: the lowest bit
// of each octet is parity, at which it does not look (RFC 2451 section 2.2), and key servers may
// send one key with different ones. Takes a time that depends on the sizes alone.
[[nodiscard]] bool equal_des_keys(View a, View b) noexcept;

}  // namespace gdoi
