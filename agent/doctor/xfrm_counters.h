// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's counters of IPsec errors (/proc/net/xfrm_stat) in words. Pure.
#pragma once

#include <string_view>
#include <vector>

#include "agent/doctor/diagnosis.h"

namespace agent {

// examine_counters tells of each counter that is not 0, as a hint: they count since the machine
// started, whosesoever IPsec it was.
[[nodiscard]] std::vector<Diagnosis> examine_counters(std::string_view xfrm_stat);

}  // namespace agent
