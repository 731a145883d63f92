// SPDX-License-Identifier: GPL-2.0-or-later
// What we offer in phase 1, and what we take for an answer (RFC 2409 appendix A).
#pragma once

#include <cstdint>
#include <vector>

#include "gdoi/crypto/cipher.h"
#include "gdoi/crypto/dh.h"
#include "gdoi/crypto/digest.h"
#include "gdoi/wire/sa.h"

namespace gdoi {

// One row of our phase 1 offer, in preference order (RFC 2409 appendix A).
struct Phase1Proposal {
  CipherAlgorithm cipher = CipherAlgorithm::aes_cbc;
  std::uint16_t key_bits = 256;  // AES only
  HashAlgorithm hash = HashAlgorithm::sha256;
  DhGroup group = DhGroup::modp2048;
  friend bool operator==(const Phase1Proposal&, const Phase1Proposal&) = default;
};

// Phase1Mode is how phase 1 goes (RFC 2409 section 5): Main Mode hides identities, Aggressive Mode
// takes half the messages.
enum class Phase1Mode : std::uint8_t { main, aggressive };

// The seed configuration (AES-256, SHA-256, group 2) is among them.
// Those of Aggressive Mode have one group, modp2048.
[[nodiscard]] std::vector<Phase1Proposal> default_proposals(Phase1Mode mode = Phase1Mode::main);

// of_one_group keeps what has the group of the first: Aggressive Mode sends its public value along.
[[nodiscard]] std::vector<Phase1Proposal> of_one_group(std::vector<Phase1Proposal> proposals);

// cipher_key_size is the length of the phase 1 cipher key in octets.
[[nodiscard]] std::size_t cipher_key_size(const Phase1Proposal& proposal) noexcept;

// The Encryption Algorithm and Hash Algorithm numbers of RFC 2409 appendix A.
[[nodiscard]] std::uint16_t ike_number(CipherAlgorithm cipher) noexcept;
[[nodiscard]] std::uint16_t ike_number(HashAlgorithm hash) noexcept;

// Authentication Method values: RFC 2409 appendix A, RFC 4754 section 6.
inline constexpr std::uint16_t authentication_pre_shared_key = 1;
inline constexpr std::uint16_t authentication_rsa_signatures = 3;
inline constexpr std::uint16_t authentication_ecdsa_256 = 9;
inline constexpr std::uint16_t authentication_ecdsa_384 = 10;
inline constexpr std::uint16_t authentication_ecdsa_521 = 11;

// offer makes the SA of message 1: transforms numbered from 1, in the order of `proposals`.
// RFC 2407 section 4.2 wants the situation SIT_IDENTITY_ONLY with DOI 1, RFC 6407 section 2.1 wants
// 0 with DOI 2.
[[nodiscard]] Phase1Sa offer(std::span<const Phase1Proposal> proposals, std::uint16_t method,
                             seconds lifetime, std::uint32_t doi);

// accept finds the transform that `answer` chose among `offered`, and says what it means to us.
[[nodiscard]] Result<Phase1Proposal> accept(const Phase1Sa& offered, const Phase1Sa& answer);

}  // namespace gdoi
