// SPDX-License-Identifier: GPL-2.0-or-later
// Multicast that the CE forwards.
//
// What a multicast router (pimd, pim6sd, FRR, smcroute) has the kernel forward does not pass the
// policies as other traffic does. What came in it forwards without asking them at all, and on the
// way out it asks
//   IPv4  about a synthetic flow: from the WAN's own address to the group, IP in IP,
//         whatever the packet is (ipmr_queue_xmit);
//   IPv6  about nothing (ip6mr_forward2 looks for a route only).
//
// So with IPv4 for each ACE that concerns multicast there is an entry for that flow, before the
// ACL: what leaves for a destination is encrypted when the first ACE about that destination
// protects somebody's traffic to it. IPv6 packets are made to pass the policies by our rules. And
// with both, rules look at the packet itself, ACE by ACE, and drop what is not as its ACE says:
// what has to be protected and is not never leaves, and what should have been never comes in
// (multicast_rules.h).
//
// Pure: entries in, entries out.
#pragma once

#include <span>
#include <vector>

#include "xfrm/base/types.h"

namespace xfrm {

// all_groups are the multicast addresses of a family.
[[nodiscard]] Prefix all_groups(Family family);

// multicast_entries are the entries, all of one family, that concern multicast, destinations cut
// down to it, up to the first that leaves nothing for others.
[[nodiscard]] std::vector<Entry> multicast_entries(std::span<const Entry> entries);

// protects_groups tells whether any of these multicast_entries protects what leaves.
[[nodiscard]] bool protects_groups(std::span<const Entry> multicast);
// judges_leaving tells whether any of them does not simply let pass what leaves.
[[nodiscard]] bool judges_leaving(std::span<const Entry> multicast);

// with_forwarded puts the entries for the kernel's synthetic flow before `entries`.
[[nodiscard]] std::vector<Entry> with_forwarded(std::span<const Entry> entries);

}  // namespace xfrm
