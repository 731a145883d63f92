// SPDX-License-Identifier: GPL-2.0-or-later
// Which networks have one sender each, and so can have a replay window each.
#pragma once

#include <span>
#include <vector>

#include "agent/config/config.h"
#include "gdoi/policy/policy.h"
#include "xfrm/base/types.h"

namespace agent {

// senders_of are the sources of what a list permits that are one site's each, as far as the list
// tells: of networks within each other the smallest, and none that the list protects traffic inside
// of, as `permit ip 10.0.0.0/8 10.0.0.0/8` does of 10.0.0.0/8. To divide a site is safe, for its
// hosts share the counter of their CE; to join two is not. In order.
[[nodiscard]] std::vector<xfrm::Prefix> senders_of(std::span<const gdoi::AccessEntry> entries);

// replay_senders are those that the operator named, or senders_of. Fails when there are more than
// the kernel is given (xfrm::max_senders).
[[nodiscard]] Result<std::vector<xfrm::Prefix>> replay_senders(
    const ReplaySenders& wanted, std::span<const gdoi::AccessEntry> entries);

}  // namespace agent
