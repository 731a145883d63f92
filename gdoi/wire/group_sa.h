// SPDX-License-Identifier: GPL-2.0-or-later
// The SA payload of GROUPKEY-PULL and GROUPKEY-PUSH (RFC 6407 section 5.2) with all it contains.
#pragma once

#include <cstdint>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/gap.h"
#include "gdoi/wire/sa_tek.h"

namespace gdoi {

// An SA may hold this many SATs: what fits into a UDP datagram, with room.
inline constexpr std::size_t max_sa_teks = 4096;

struct GroupSa {
  std::optional<KekPolicy> kek;
  std::optional<GroupAssociatedPolicy> gap;
  std::vector<SaTek> teks;
  std::uint16_t skipped_protocols = 0;
  std::vector<SkippedSat> skipped{};  // the first of these, max_skipped_told at most
};

// parse_group_sa reads the body of the SA payload: DOI 2, situation 0, then SAK, GAP and SATs in
// their chain, which must end where the payload ends.
[[nodiscard]] Result<GroupSa> parse_group_sa(View body);

}  // namespace gdoi
