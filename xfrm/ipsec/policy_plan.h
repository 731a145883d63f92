// SPDX-License-Identifier: GPL-2.0-or-later
// How to get from the policies that are there to those of another list, one policy at a time, so
// that at every instant every packet is treated as one of the two lists says.
//
// Numbering. The kernel prefers the lower priority. Every list takes a run of numbers, one a line.
// A new list goes *before* the old one and is put there from its top down, a policy that both have
// being moved by a replacement in one stroke. At any instant, then, the top of the new list stands
// before what is left of the old one: a packet that matches the installed part is treated as the
// new list says. One that does not, matches none of the policies taken from the old list either
// (they are in the installed part), so the old list treats it as it always did. Afterwards the
// old list's remains are removed from the bottom up: a packet's first match goes last.
//
// When there is no room left before the old list, it is moved to the end of the range first, from
// the bottom up, which keeps its order throughout.
//
// Repair. When the list is the same and some of its policies are not there, or not as they should
// be, each of these is put at its own number, from the top down: until a packet's line is put, the
// packet is treated as before the repair, and from then on as the list says.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "xfrm/base/types.h"
#include "xfrm/ipsec/policy_codec.h"

namespace xfrm {

// The numbers a plane uses for priorities: [first, first + count).
struct PriorityRange {
  std::uint32_t first = 0;
  std::uint32_t count = 0;
  [[nodiscard]] bool holds(std::uint32_t number) const { return number - first < count; }
};

struct PolicyFrame {
  std::uint32_t reqid = 0;
  std::uint32_t mark = 0;
  std::vector<int> interfaces;  // indices of the WAN interfaces
  PriorityRange range;
  std::uint32_t owner = 0;
};

struct PolicyStep {
  PolicyKey key;
  std::optional<PolicyBody> before, after;  // not both empty
};

struct PolicyPlan {
  std::vector<PolicyStep> install;  // put or move, in this order
  std::vector<PolicyStep> remove;
  std::uint32_t first = 0;  // priority of the wanted list's first line
};

// without_duplicates keeps the first of the entries that have equal selectors: the kernel knows one
// policy per selector.
[[nodiscard]] std::vector<Entry> without_duplicates(std::span<const Entry> entries);

// expand lists the policies of `entries` (without duplicates) numbered from `first` on.
[[nodiscard]] std::vector<Policy> expand(std::span<const Entry> entries, const PolicyFrame& frame,
                                         std::uint32_t first);

// plan_policies orders the steps from `present` to `wanted` (without duplicates). Nothing is to be
// done when `present` is that list already, whatever run of numbers of the range it has. The range
// must be at least four times as long as either list.
[[nodiscard]] PolicyPlan plan_policies(std::vector<Policy> present, std::span<const Entry> wanted,
                                       const PolicyFrame& frame);

// repair_policies orders the steps from `present` to `wanted` (without duplicates) at its numbers
// from `first` on.
[[nodiscard]] PolicyPlan repair_policies(std::vector<Policy> present, std::span<const Entry> wanted,
                                         const PolicyFrame& frame, std::uint32_t first);

// differ_in_kind tells whether one of two bodies lets packets pass in clear and the other does not.
[[nodiscard]] bool differ_in_kind(const PolicyBody& a, const PolicyBody& b);

}  // namespace xfrm
