// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/header_variants.h"

#include <algorithm>
#include <cstdlib>

namespace gdoi {

std::string_view name_of(HeaderVariant variant) noexcept {
  switch (variant) {
    case HeaderVariant::unpadded:
      return "header with the length before padding";
    case HeaderVariant::as_received:
      return "header as received";
    case HeaderVariant::unpadded_clear:
      return "header with the length before padding, without the encryption flag";
    case HeaderVariant::padded_clear:
      return "header as received, without the encryption flag";
  }
  std::abort();
}

Bytes signed_header(HeaderVariant variant, const IsakmpHeader& received,
                    std::size_t payload_octets) {
  IsakmpHeader out = received;
  if (variant == HeaderVariant::unpadded || variant == HeaderVariant::unpadded_clear)
    out.length = static_cast<std::uint32_t>(IsakmpHeader::size + payload_octets);
  if (variant == HeaderVariant::unpadded_clear || variant == HeaderVariant::padded_clear)
    out.flags = static_cast<std::uint8_t>(out.flags & ~IsakmpHeader::encrypted);
  return encode_header(out);
}

Bytes push_hash(HashAlgorithm hash, View header, View payloads_before_sig) {
  static constexpr std::array<char, 5> prefix{'r', 'e', 'k', 'e', 'y'};
  return digest(hash, {std::as_bytes(std::span{prefix}), header, payloads_before_sig});
}

Result<SignedForm> verify_push(const VerificationKey& key, HashAlgorithm hash,
                               const SignedOctets& message,
                               std::span<const HeaderVariant> variants) {
  std::vector<Bytes> tried;  // without padding two variants are one
  for (const HeaderVariant variant : variants) {
    Bytes header = signed_header(variant, message.header, message.payload_octets);
    if (std::find(tried.begin(), tried.end(), header) != tried.end()) continue;
    const auto encoding =
        key.verify(hash, push_hash(hash, header, message.payloads_before_sig), message.signature);
    if (encoding) return SignedForm{variant, *encoding};
    tried.push_back(std::move(header));
  }
  return fail(Errc::not_authentic, "signature of a PUSH");
}

}  // namespace gdoi
