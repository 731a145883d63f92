// SPDX-License-Identifier: GPL-2.0-or-later
// Inventory: what of a plane's is in the kernel. Read back once, when a plane starts (a predecessor
// may have died), and from then on kept up by the Installer.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "xfrm/ipsec/policy_plan.h"
#include "xfrm/nft/rules_snapshot.h"
#include "xfrm/plane/plane.h"
#include "xfrm/route/anchors.h"

namespace xfrm {

// InstalledState is one state of ours; keys are never kept.
struct InstalledState {
  std::uint32_t spi = 0;
  Direction direction = Direction::inbound;
  std::uint32_t reqid = 0;
  std::uint64_t order = 0;  // the later added, the higher
  bool usable = true;       // false: under a wanted SPI, but with other keys or another reqid
  // When it was added, in the kernel's seconds of the epoch: between the two, equal when known.
  std::uint64_t added_from = 0, added_to = 0;
  std::uint64_t hard_seconds = 0;  // of life since then; 0: for ever

  [[nodiscard]] bool expired_by(std::uint64_t now) const {
    return hard_seconds != 0 && now >= added_from + hard_seconds;
  }
};

// wall_seconds is the clock the kernel dates states by.
[[nodiscard]] std::uint64_t wall_seconds();

struct Inventory {
  bool address = false;
  std::optional<AnchorRoute> route;
  bool table = false;                      // made by this process
  std::optional<RulesSnapshot> old_table;  // a predecessor's
  std::vector<std::uint32_t> spis;         // elements of the set
  std::vector<int> indices;                // interfaces the rules know: elements of that set
  std::vector<Entry> multicast;            // lines the rules for forwarded multicast are made of
  std::uint16_t mss = 0;                   // the rules let TCP begin with; 0: any
  std::vector<InstalledState> states;

  // The list, as apply() was given it, with the interfaces and the first priority it has; nothing
  // before the first list.
  struct List {
    std::vector<Entry> entries;
    std::vector<int> interfaces;     // indices, and
    std::vector<std::string> names;  // what they are called
    std::uint32_t first = 0;
  };
  std::optional<List> list;
  std::vector<Policy> unlisted_policies;  // policies of ours beside the list: found, or not removed
  // What verify() found in place of the list and the unlisted_policies, when it was not just these.
  std::optional<std::vector<Policy>> actual;

  [[nodiscard]] const InstalledState* find(Direction direction, std::uint32_t spi) const {
    const auto at = std::find_if(states.begin(), states.end(), [&](const InstalledState& state) {
      return state.direction == direction && state.spi == spi;
    });
    return at == states.end() ? nullptr : &*at;
  }
};

[[nodiscard]] PolicyScope scope_of(const PlaneConfig& config);
inline constexpr std::uint32_t priorities_per_plane = 1U << 24;

// first_priority is where the numbers of the plane's own policies begin.
[[nodiscard]] std::uint32_t first_priority(const PlaneConfig& config);

// read_policies lists the plane's own policies; and those with one of `keys` (sorted), whatever
// somebody made of them.
[[nodiscard]] Result<std::vector<Policy>> read_policies(NetlinkChannel& xfrm,
                                                        const PolicyScope& scope,
                                                        std::span<const PolicyKey> keys = {});

// read_states calls `each` with every state of the plane's.
[[nodiscard]] Result<void> read_states(NetlinkChannel& xfrm, const PlaneConfig& config,
                                       const std::function<void(const State&, Direction)>& each);

// read_installed lists the plane's states by age, each compared with the one of `wanted` that has
// its SPI, if any. `each` sees them as well.
[[nodiscard]] Result<std::vector<InstalledState>> read_installed(
    NetlinkChannel& xfrm, const PlaneConfig& config, std::span<const SaSpec> wanted,
    const std::function<void(const State&, Direction)>& each = {});

// read_inventory reads it all; states with a wanted SPI are compared with `wanted` on the way, so
// that no key need be kept.
[[nodiscard]] Result<Inventory> read_inventory(NetlinkChannel& xfrm, NetlinkChannel& netfilter,
                                               AnchorSet& anchors, const PlaneConfig& config,
                                               std::span<const SaSpec> wanted);

}  // namespace xfrm
