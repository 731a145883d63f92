// SPDX-License-Identifier: GPL-2.0-or-later
// What exactly the signature of a GROUPKEY-PUSH covers.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "gdoi/crypto/signature.h"
#include "gdoi/wire/header.h"

namespace gdoi {

// RFC 6407 section 4: "The HASH is taken over the string 'rekey', the GROUPKEY-PUSH HDR, followed
// by all payloads preceding the SIG payload." and "before it has been encrypted". It does not say
// whether Length then counts the padding that encryption will add, nor whether the E flag is set;
// a HeaderVariant is one reading.
enum class HeaderVariant : std::uint8_t {
  unpadded,        // Length without padding, E set: what implementations were seen to do
  as_received,     // the header on the wire
  unpadded_clear,  // Length without padding, E clear
  padded_clear,    // the header on the wire, but E clear
};
inline constexpr std::array header_variants{HeaderVariant::unpadded, HeaderVariant::as_received,
                                            HeaderVariant::unpadded_clear,
                                            HeaderVariant::padded_clear};
[[nodiscard]] std::string_view name_of(HeaderVariant variant) noexcept;

// SignedForm is how a key server signs; it hardly ever changes its mind, so a change of it is worth
// a line in the log.
struct SignedForm {
  HeaderVariant header{};
  SignatureEncoding encoding{};
  friend bool operator==(const SignedForm&, const SignedForm&) = default;
};

// signed_header is the header as the variant has it. `payload_octets` counts all payloads, SIG
// included, padding excluded.
[[nodiscard]] Bytes signed_header(HeaderVariant variant, const IsakmpHeader& received,
                                  std::size_t payload_octets);

// push_hash is the hash of "rekey" | header | payloads.
[[nodiscard]] Bytes push_hash(HashAlgorithm hash, View header, View payloads_before_sig);

// SignedOctets is one received PUSH, as far as its signature is concerned.
struct SignedOctets {
  const IsakmpHeader& header;
  View payloads_before_sig;
  std::size_t payload_octets;
  View signature;
};

// verify_push tries `variants` in their order, each of which may cost a check of the signature, and
// tells which one the signature covers. Fails as not authentic when it is none.
[[nodiscard]] Result<SignedForm> verify_push(
    const VerificationKey& key, HashAlgorithm hash, const SignedOctets& message,
    std::span<const HeaderVariant> variants = header_variants);

}  // namespace gdoi
