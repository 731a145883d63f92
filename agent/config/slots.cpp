// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/slots.h"

#include <algorithm>
#include <array>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "xfrm/plane/plane.h"

namespace agent {
namespace {

constexpr std::uint32_t first_mark = 0x10000000, first_reqid = 0x47560000;

gdoi::Address pool_address(std::uint32_t number) {
  gdoi::Address out;
  out.bytes[0] = std::byte{240};
  out.bytes[3] = static_cast<std::byte>(number);
  return out;
}

gdoi::Address pool_address6(std::uint32_t number) {
  return to_gdoi(xfrm::discard_address(static_cast<std::uint8_t>(number)));
}

bool overlap(std::uint32_t a, std::uint32_t b) {
  return (a > b ? a - b : b - a) < xfrm::max_key_classes;
}

struct ChosenAnchor {
  std::string_view key;
  std::optional<gdoi::Address> KernelChoice::*address;
};
constexpr std::array chosen_anchors{ChosenAnchor{"anchor-in", &KernelChoice::anchor_in},
                                    ChosenAnchor{"anchor-out", &KernelChoice::anchor_out},
                                    ChosenAnchor{"anchor-in6", &KernelChoice::anchor_in6},
                                    ChosenAnchor{"anchor-out6", &KernelChoice::anchor_out6}};

bool has_anchor(const KernelIdentity& identity, const gdoi::Address& address) {
  const auto all = {identity.anchor_in, identity.anchor_out, identity.anchor_in6,
                    identity.anchor_out6};
  return std::find(all.begin(), all.end(), address) != all.end();
}

bool share_anchor(const KernelIdentity& a, const KernelIdentity& b) {
  return has_anchor(b, a.anchor_in) || has_anchor(b, a.anchor_out) || has_anchor(b, a.anchor_in6) ||
         has_anchor(b, a.anchor_out6);
}

}  // namespace

std::string table_name(const GroupConfig& group) {
  return "getvpn-gm-" + (group.section.empty() ? group_text(group.group) : group.section);
}

KernelIdentity identity_in(std::uint32_t slot, const GroupConfig& group) {
  const auto& choice = group.kernel;
  KernelIdentity out;
  out.table = table_name(group);
  out.slot = slot;
  out.anchor_in = choice.anchor_in.value_or(pool_address(2 * slot + 1));
  out.anchor_out = choice.anchor_out.value_or(pool_address(2 * slot + 2));
  out.anchor_in6 = choice.anchor_in6.value_or(pool_address6(2 * slot + 1));
  out.anchor_out6 = choice.anchor_out6.value_or(pool_address6(2 * slot + 2));
  out.reqid = choice.reqid.value_or(first_reqid + slot * xfrm::max_key_classes);
  out.mark = choice.mark.value_or(first_mark >> slot);
  return out;
}

bool SlotAllocator::take(std::size_t which, std::uint32_t slot) {
  if (slot >= max_slots) return false;
  auto candidate = identity_in(slot, *groups_[which]);
  if (candidate.anchor_in == candidate.anchor_out || candidate.anchor_in6 == candidate.anchor_out6)
    return false;
  for (std::size_t i = 0; i < groups_.size(); ++i)
    if (i != which && !goes_with(which, candidate, i)) return false;
  taken_[which] = std::move(candidate);
  return true;
}

bool SlotAllocator::take_any(std::size_t which) {
  for (std::uint32_t slot = 0; slot < max_slots; ++slot)
    if (take(which, slot)) return true;
  return false;
}

bool SlotAllocator::goes_with(std::size_t which, const KernelIdentity& candidate,
                              std::size_t other) const {
  const auto& ours = groups_[which]->kernel;
  const auto& theirs = groups_[other]->kernel;
  // Two that chose one mark bit may share it: they are on the same interfaces (find_clash).
  const auto mark_clashes = [&](std::uint32_t mark) {
    return mark == candidate.mark && !(ours.mark && theirs.mark);
  };
  if (const auto& seated = taken_[other])
    return candidate.slot != seated->slot && !mark_clashes(seated->mark) &&
           !overlap(candidate.reqid, seated->reqid) && !share_anchor(candidate, *seated);
  for (const auto& [key, address] : chosen_anchors)
    if (theirs.*address && has_anchor(candidate, *(theirs.*address))) return false;
  return !(theirs.reqid && overlap(*theirs.reqid, candidate.reqid)) &&
         !(theirs.mark && mark_clashes(*theirs.mark));
}

std::optional<ChoiceClash> find_clash(const GroupConfig& one, const GroupConfig& other) {
  for (const auto& [key, address] : chosen_anchors)
    for (const auto& [other_key, other_address] : chosen_anchors)
      if (one.kernel.*address && one.kernel.*address == other.kernel.*other_address)
        return ChoiceClash{key, other_key, "a group has this anchor"};
  if (one.kernel.reqid && other.kernel.reqid && overlap(*one.kernel.reqid, *other.kernel.reqid))
    return ChoiceClash{"reqid", "reqid", "a group has some of these 4096 numbers"};
  // Groups that are on the same interfaces may well mark in the same way.
  if (one.kernel.mark && one.kernel.mark == other.kernel.mark && one.interfaces != other.interfaces)
    return ChoiceClash{"mark", "mark", "a group with other interfaces has this bit"};
  return std::nullopt;
}

}  // namespace agent
