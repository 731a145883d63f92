// SPDX-License-Identifier: GPL-2.0-or-later
// Finding out whether a NAT is on the way (RFC 3947 section 3).
#pragma once

#include <cstdint>

#include "gdoi/crypto/digest.h"
#include "gdoi/phase1/path_info.h"
#include "gdoi/wire/payload.h"

namespace gdoi {

// NatDialect is which NAT traversal both sides speak: the RFC, or the Internet-Drafts -02 and -03,
// which differ in payload numbers only. (Drafts -04 to -08 gave NAT-D the number that RFC 3547 had
// given to SA KEK; nobody can speak them beside GDOI.)
enum class NatDialect : std::uint8_t { none, draft, rfc3947 };

// nat_traversal_vendor_ids are what message 1 says, the best first.
[[nodiscard]] std::vector<Bytes> nat_traversal_vendor_ids();

// nat_dialect_in is the best of those that the vendor IDs of `message` name.
[[nodiscard]] NatDialect nat_dialect_in(const Chain& message) noexcept;

// nat_d_type is the number of the dialect's NAT-D payload.
[[nodiscard]] PayloadType nat_d_type(NatDialect dialect) noexcept;

// nat_d is the body of a NAT-D payload (RFC 3947 section 3.2): HASH(CKY-I | CKY-R | IP | Port).
[[nodiscard]] Bytes nat_d(HashAlgorithm hash, const CookiePair& cookies, const Endpoint& end);

// NatFound tells which of the two ends has a NAT in front of it.
struct NatFound {
  bool ours = false, theirs = false;
};

// find_nat compares the NAT-D payloads of the key server's message with `ends`: its first one is
// how it sees us, the others are its own addresses. With fewer than two there is nothing to compare
// and no NAT found.
[[nodiscard]] NatFound find_nat(const Chain& message, NatDialect dialect, HashAlgorithm hash,
                                const CookiePair& cookies, const PathEnds& ends);

}  // namespace gdoi
