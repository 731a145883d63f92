// SPDX-License-Identifier: GPL-2.0-or-later
// From the payloads of a registration to a policy that is complete and consistent, or a reason.
#pragma once

#include <cstdint>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/group_sa.h"
#include "gdoi/wire/key_download.h"

namespace gdoi {

// What becomes of a SAT that has no key. SPI 0 is how some key servers are believed to send deny
// entries; a nonzero SPI without a key packet means traffic nobody could decrypt.
enum class TekWithoutKey : std::uint8_t {
  reject,  // SPI 0: skipped and reported; nonzero SPI: the whole policy is refused (default)
  skip,    // both skipped and reported
  bypass,  // both become deny entries
};

// A list may grow by splitting masks with holes into ranges, but not beyond this.
inline constexpr std::size_t max_policy_entries = 65536;

// check_group_sa judges what can be judged before the keys are there: that there is something to
// do, and that SATs which share an SPI agree in all but their selector.
[[nodiscard]] Result<void> check_group_sa(const GroupSa& sa);

// assemble matches policies and keys by SPI. An SA that check_group_sa would refuse is refused here
// too. Key packets that no SAT asks for are counted, since a key alone protects nothing. The same
// selector under several SPIs is a rollover and keeps its order; said twice under one SPI, it is
// one entry.
[[nodiscard]] Result<GroupPolicy> assemble(const GroupSa& sa, KeyDownload keys,
                                           std::optional<SequenceNumber> sequence,
                                           TekWithoutKey without_key);

}  // namespace gdoi
