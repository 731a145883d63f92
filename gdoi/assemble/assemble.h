// SPDX-License-Identifier: GPL-2.0-or-later
// From the payloads of a registration to a policy that is complete and consistent, or a reason.
#pragma once

#include <cstdint>

#include "gdoi/assemble/sat_rules.h"
#include "gdoi/policy/policy.h"
#include "gdoi/wire/group_sa.h"
#include "gdoi/wire/key_download.h"

namespace gdoi {

// A list may grow by splitting masks with holes into ranges, but not beyond this.
inline constexpr std::size_t max_policy_entries = 65536;

// check_group_sa judges what can be judged before the keys are there: that there is something to
// do, and that SATs which share an SPI agree in all but their selector. Where they differ in an
// attribute that we do not understand, one of them may be meant as a deny entry: that takes a rule.
[[nodiscard]] Result<void> check_group_sa(const GroupSa& sa, const SatRules& rules = {});

// assemble matches policies and keys by SPI. An SA that check_group_sa would refuse is refused here
// too. Key packets that no SAT asks for are counted, since a key alone protects nothing. The same
// selector under several SPIs is a rollover and keeps its order; said twice under one SPI, it is
// one entry.
[[nodiscard]] Result<GroupPolicy> assemble(const GroupSa& sa, KeyDownload keys,
                                           std::optional<SequenceNumber> sequence,
                                           const SatRules& rules);

}  // namespace gdoi
