// SPDX-License-Identifier: GPL-2.0-or-later
// The SA payload of phase 1: DOI, situation, one proposal, its transforms (RFC 2408 sections 3.4 to
// 3.6, RFC 2409 appendix A).
#pragma once

#include <cstdint>

#include "gdoi/wire/attributes.h"

namespace gdoi {

inline constexpr std::uint32_t doi_isakmp = 0, doi_ipsec = 1, doi_gdoi = 2;
inline constexpr std::uint8_t protocol_isakmp = 1;  // RFC 2407 section 4.4.1

// IkeTransform is one transform with RFC 2409 appendix A's numbers, unjudged: 0 means absent.
struct IkeTransform {
  std::uint8_t number = 0;
  std::uint16_t encryption = 0, hash = 0, authentication = 0, group = 0, key_bits = 0;
  std::optional<std::uint32_t> life_seconds, life_kilobytes;
  friend bool operator==(const IkeTransform&, const IkeTransform&) = default;
};

struct Phase1Sa {
  std::uint32_t doi = doi_gdoi;
  std::uint32_t situation = 0;
  std::vector<IkeTransform> transforms;
};

// parse_phase1_sa reads the body of an SA payload. Exactly one proposal, for ISAKMP, with 1 to 64
// transforms KEY_IKE; attributes we do not know are an error, since a chosen transform must be one
// we sent.
[[nodiscard]] Result<Phase1Sa> parse_phase1_sa(View body);

// put_phase1_sa writes the whole payload. Transform numbers are written as given.
void put_phase1_sa(Writer& out, const Phase1Sa& sa);

}  // namespace gdoi
