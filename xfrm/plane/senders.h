// SPDX-License-Identifier: GPL-2.0-or-later
// Which anchor receives for which sender.
#pragma once

#include <span>
#include <vector>

#include "xfrm/base/types.h"

namespace xfrm {

// assign_senders gives each network an anchor of `pool`. One that has an anchor now keeps it, with
// the replay windows of the states that have it for a destination; one that is new gets an anchor
// that nobody has now, nor any state (`in_use`), for another's windows would drop its packets. In
// order of the networks, each once. `networks` are at most max_senders; were no anchor free, which
// takes more states than we make, a network would be left out.
[[nodiscard]] std::vector<Sender> assign_senders(std::vector<Prefix> networks,
                                                 std::span<const Sender> now,
                                                 std::span<const Address> in_use,
                                                 const Prefix& pool);

// is_in tells whether an address is of a network.
[[nodiscard]] bool is_in(const Address& address, const Prefix& network);

}  // namespace xfrm
