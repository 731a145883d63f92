// SPDX-License-Identifier: GPL-2.0-or-later
// Which states are asked for, and which of them are there. Pure.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "xfrm/plane/state_table.h"

namespace xfrm {

[[nodiscard]] bool wants(const SaSpec& sa, Direction direction);

// used_outbound is the SPI each class sends on.
[[nodiscard]] std::map<KeyClass, std::uint32_t> used_outbound(const Desired& desired);

// to_add are the SAs whose state in `direction` must be there. Outbound that is one a class, the
// last: adding an older one beside it would be of no use, and the kernel prefers what was added
// last.
[[nodiscard]] std::vector<const SaSpec*> to_add(const Desired& desired, Direction direction);

// sending_spis are those of states outbound that may be there.
[[nodiscard]] std::vector<std::uint32_t> sending_spis(const Desired& desired);

// These return nullptr for what is not there.
[[nodiscard]] const SaSpec* find_sa(std::span<const SaSpec> sas, std::uint32_t spi);
[[nodiscard]] const InstalledState* find_state(const std::vector<InstalledState>& states,
                                               const Address& destination, std::uint32_t spi);

// next_order is that of a state that is added.
[[nodiscard]] std::uint64_t next_order(const std::vector<InstalledState>& states);

}  // namespace xfrm
