// SPDX-License-Identifier: GPL-2.0-or-later
// What libcrypto gives on this machine. Its configuration (openssl.cnf: providers, default
// properties such as fips=yes) may take algorithms away, which the functions beside this one then
// cannot do without: so whoever is about to offer or accept one asks here first.
#pragma once

#include "gdoi/crypto/cipher.h"
#include "gdoi/crypto/digest.h"

namespace gdoi {

// As a digest and in HMAC.
[[nodiscard]] bool is_available(HashAlgorithm hash);
// `key_octets` is a valid key size of the cipher.
[[nodiscard]] bool is_available(CipherAlgorithm cipher, std::size_t key_octets);
// What SystemRandom draws from.
[[nodiscard]] bool is_random_available();

// leave_out_error_texts has libcrypto not load the texts of its errors, which nobody here is told:
// 60 KiB. Called before anything else of it.
void leave_out_error_texts();

}  // namespace gdoi
