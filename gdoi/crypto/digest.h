// SPDX-License-Identifier: GPL-2.0-or-later
// Hash functions and HMAC, the prf of IKEv1 (RFC 2409 section 4).
#pragma once

#include <cstdint>
#include <initializer_list>

#include "gdoi/base/result.h"
#include "gdoi/base/secret.h"

namespace gdoi {

enum class HashAlgorithm : std::uint8_t { md5, sha1, sha256, sha384, sha512 };

[[nodiscard]] std::size_t digest_size(HashAlgorithm hash) noexcept;

// digest hashes the concatenation of `parts`.
[[nodiscard]] Bytes digest(HashAlgorithm hash, std::initializer_list<View> parts);

// prf is HMAC over the concatenation of `parts`; its output may be a key, so it is KeyMaterial.
[[nodiscard]] KeyMaterial prf(HashAlgorithm hash, View key, std::initializer_list<View> parts);

}  // namespace gdoi
