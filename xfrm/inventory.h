// SPDX-License-Identifier: GPL-2.0-or-later
// Inventory: what of a plane's is in the kernel. Read back once, when a plane starts (a predecessor
// may have died), and from then on kept up by the Installer.
#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "xfrm/anchors.h"
#include "xfrm/plane.h"
#include "xfrm/policy_plan.h"
#include "xfrm/rules_snapshot.h"

namespace xfrm {

// InstalledState is one state of ours; keys are never kept.
struct InstalledState {
  std::uint32_t spi = 0;
  Side side = Side::inbound;
  std::uint32_t reqid = 0;
  std::uint64_t order = 0;  // the later added, the higher
  bool usable = true;       // false: found under a wanted SPI, but with other keys or another reqid
};

struct Inventory {
  bool address = false;
  std::optional<AnchorRoute> route;
  bool table = false;                      // made by this process
  std::optional<RulesSnapshot> old_table;  // a predecessor's
  std::vector<std::uint32_t> spis;         // elements of the set
  std::vector<InstalledState> states;

  // The list, as apply() was given it, with the interfaces and the first priority it has; nothing
  // before the first list.
  struct List {
    std::vector<Entry> entries;
    std::vector<int> interfaces;
    std::uint32_t first = 0;
  };
  std::optional<List> list;
  std::vector<Policy> strays;  // policies of ours beside the list: found, or not removed

  [[nodiscard]] const InstalledState* find(Side side, std::uint32_t spi) const {
    const auto at = std::find_if(states.begin(), states.end(), [&](const InstalledState& state) {
      return state.side == side && state.spi == spi;
    });
    return at == states.end() ? nullptr : &*at;
  }
};

[[nodiscard]] PolicyScope scope_of(const PlaneConfig& config);
inline constexpr std::uint32_t priorities_per_plane = 1U << 24;

[[nodiscard]] Result<std::vector<Policy>> read_policies(Exchange& xfrm, const PolicyScope& scope);

// read_states calls `each` with every state of the plane's.
[[nodiscard]] Result<void> read_states(Exchange& xfrm, const PlaneConfig& config,
                                       const std::function<void(const State&, Side)>& each);

// read_inventory reads it all; states with a wanted SPI are compared with `wanted` on the way, so
// that no key need be kept.
[[nodiscard]] Result<Inventory> read_inventory(Exchange& xfrm, Exchange& netfilter,
                                               AnchorSet& anchors, const PlaneConfig& config,
                                               std::span<const SaSpec> wanted);

}  // namespace xfrm
