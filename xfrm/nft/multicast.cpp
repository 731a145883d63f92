// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/nft/multicast.h"

#include <netinet/in.h>

#include <algorithm>
#include <optional>

namespace xfrm {
namespace {

// groups_in is the part of a prefix that is multicast. Those of both families begin in the first
// octet, so that octet tells.
std::optional<Prefix> groups_in(const Prefix& prefix) {
  const Prefix all = all_groups(prefix.address.family);
  const auto first = std::to_integer<unsigned>(prefix.address.bytes[0]);
  const auto of_all = std::to_integer<unsigned>(all.address.bytes[0]);
  const auto top = [](unsigned octet, unsigned bits) { return octet & (0xff00U >> bits) & 0xffU; };
  if (prefix.length >= all.length)
    return top(first, all.length) == of_all ? std::optional{prefix} : std::nullopt;
  return first == top(of_all, prefix.length) ? std::optional{all} : std::nullopt;
}

bool is_for_all(const Entry& entry) {
  const Selector& s = entry.selector;
  return s.source.length == 0 && s.protocol == 0 && s.source_port == 0 && s.destination_port == 0;
}

bool leaves_in_clear(const Entry& entry) {
  return entry.action == Entry::Action::bypass ||
         entry.action == Entry::Action::protect_inbound_optional;
}

}  // namespace

// RFC 1112 section 4: 224.0.0.0 to 239.255.255.255. RFC 4291 section 2.7: ff00::/8.
Prefix all_groups(Family family) {
  if (family == Family::ipv4) return {{family, {std::byte{224}}}, 4};
  return {{family, {std::byte{0xff}}}, 8};
}

std::vector<Entry> multicast_entries(std::span<const Entry> entries) {
  std::vector<Entry> out;
  for (const Entry& entry : entries) {
    const auto groups = groups_in(entry.selector.destination);
    if (!groups) continue;
    out.push_back(entry);
    out.back().selector.destination = *groups;
    if (is_for_all(entry) && *groups == all_groups(groups->address.family)) break;
  }
  return out;
}

bool protects_groups(std::span<const Entry> multicast) {
  return std::any_of(multicast.begin(), multicast.end(),
                     [](const Entry& entry) { return entry.action == Entry::Action::protect; });
}

bool judges_leaving(std::span<const Entry> multicast) {
  return !std::all_of(multicast.begin(), multicast.end(), leaves_in_clear);
}

std::vector<Entry> with_forwarded(std::span<const Entry> entries) {
  std::vector<Entry> out;
  for (const Entry& ace : multicast_entries(entries)) {
    const Prefix& groups = ace.selector.destination;
    if (groups.address.family != Family::ipv4) continue;
    // An ACE that lets only some of a wide range pass in clear says nothing about the groups in it.
    if (leaves_in_clear(ace) && groups == all_groups(Family::ipv4) && !is_for_all(ace)) continue;
    Entry forwarded = ace;
    forwarded.selector = {};
    forwarded.selector.destination = groups;
    forwarded.selector.protocol = IPPROTO_IPIP;
    out.push_back(forwarded);
  }
  out.insert(out.end(), entries.begin(), entries.end());
  return out;
}

}  // namespace xfrm
