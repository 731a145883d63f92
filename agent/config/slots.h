// SPDX-License-Identifier: GPL-2.0-or-later
// What groups must not share in the kernel. Each has a slot: slot 0 has what a single group has
// always had, each further one the next pair of anchors, the next 4096 request ids, the next lower
// mark bit; apart from what the operator chose.
#pragma once

#include <cstdint>
#include <span>

#include "agent/config/config.h"

namespace agent {

// A slot has one mark bit of its own, from 0x10000000 downwards.
inline constexpr std::uint32_t max_slots = 29;

// KernelIdentity is what a group is known by in the kernel: by it a successor finds what is there.
struct KernelIdentity {
  std::string table;  // of nftables
  std::uint32_t slot = 0;
  std::uint32_t reqid = 0;                // first of xfrm::max_key_classes
  std::uint32_t mark = 0;                 // one bit
  gdoi::Address anchor_in, anchor_out;    // IPv4, not alike
  gdoi::Address anchor_in6, anchor_out6;  // IPv6, not alike

  friend bool operator==(const KernelIdentity&, const KernelIdentity&) = default;
};

// table_name is what a group's nftables table is called: by its section, else by its identity.
[[nodiscard]] std::string table_name(const GroupConfig& group);

// identity_in is what a group is known by in that slot.
[[nodiscard]] KernelIdentity identity_in(std::uint32_t slot, const GroupConfig& group);

// SlotAssignment is a slot that is in use already, by the group with this table.
struct SlotAssignment {
  std::string table;
  std::uint32_t slot = 0;
};

// SlotAllocator gives groups slots in which nobody is in another's way. Of a group without a slot
// only what the operator chose counts; the rest will find its place.
class SlotAllocator {
 public:
  // `groups` must outlive the allocator.
  explicit SlotAllocator(std::vector<const GroupConfig*> groups)
      : groups_{std::move(groups)}, taken_(groups_.size()) {}

  // take gives a group that slot, unless that is in another's way.
  bool take(std::size_t which, std::uint32_t slot);
  // take_any gives it the first one that is free.
  bool take_any(std::size_t which);
  // of is what a group got; nothing: no slot yet.
  [[nodiscard]] const std::optional<KernelIdentity>& of(std::size_t which) const {
    return taken_[which];
  }

 private:
  [[nodiscard]] bool goes_with(std::size_t which, const KernelIdentity& candidate,
                               std::size_t other) const;

  std::vector<const GroupConfig*> groups_;
  std::vector<std::optional<KernelIdentity>> taken_;
};

// ChoiceClash is what the operator chose alike for two groups that must not share it.
struct ChoiceClash {
  std::string_view key, other_key;  // of the first group, of the second one
  std::string_view what;            // "a group has this anchor"
};
[[nodiscard]] std::optional<ChoiceClash> find_clash(const GroupConfig& one,
                                                    const GroupConfig& other);

}  // namespace agent
