// SPDX-License-Identifier: GPL-2.0-or-later
// Multicast that the CE forwards.
//
// What a multicast router (pimd, FRR, smcroute) has the kernel forward does not pass the policies
// as other traffic does. Towards the wire the kernel asks them about a flow of its own making: from
// the WAN's own address to the group, IP in IP, whatever the packet is (ipmr_queue_xmit). What
// came in it forwards without asking at all.
//
// So for each line that concerns multicast there is an entry for that flow, before the list: what
// leaves for a destination is encrypted when the first line about that destination protects
// somebody's traffic to it. And the rules of chain `multicast` look at the packet itself, line by
// line, and drop what is not as its line says: what has to be protected and is not never leaves,
// and what should have been never comes in.
//
// Pure: entries in, entries and rules out.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "xfrm/nft_objects.h"
#include "xfrm/types.h"

namespace xfrm {

// multicast_lines are the entries that concern multicast, destinations cut down to it, up to the
// first that leaves nothing for others.
[[nodiscard]] std::vector<Entry> multicast_lines(std::span<const Entry> entries);

// with_forwarded puts the entries for the kernel's own flow before `entries`.
[[nodiscard]] std::vector<Entry> with_forwarded(std::span<const Entry> entries);

// sending_rules judge what is about to leave by a WAN, receiving_rules what came in on one. Lines
// of class 0 are protected by states with `reqid`, the others follow; inbound ones have the
// destination `in`.
[[nodiscard]] std::vector<nft::Rule> sending_rules(const std::string& table,
                                                   const std::string& chain,
                                                   std::span<const Entry> lines,
                                                   std::uint32_t reqid);
[[nodiscard]] std::vector<nft::Rule> receiving_rules(const std::string& table,
                                                     const std::string& chain,
                                                     std::span<const Entry> lines,
                                                     std::uint32_t reqid, const Address& in);

}  // namespace xfrm
