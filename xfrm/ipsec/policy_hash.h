// SPDX-License-Identifier: GPL-2.0-or-later
// From which length of their prefixes on the kernel keeps policies in a hash table.
//
// Shorter ones it keeps in trees, which is slow for long lists: up to Linux 6.11 each policy put
// into one is compared with all others twice, and in all versions each policy that takes the place
// of another has the whole tree searched for empty branches. By default only policies between
// single hosts are hashed. The length is one for each address family of a network namespace, all
// programs' policies alike. It changes what a look-up costs and never what it finds.
//
// Pure: nothing here talks to the kernel.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <span>

#include "xfrm/base/types.h"
#include "xfrm/netlink/request.h"

namespace xfrm {

// Lists that are shorter take no time worth speaking of.
inline constexpr std::size_t least_hashed = 500;

// HashLengths are the shortest prefixes, of the near and of the far side, that are hashed: near is
// the source of what is sent and the destination of what is received.
struct HashLengths {
  std::uint8_t near = 0, far = 0;
  friend bool operator==(const HashLengths&, const HashLengths&) = default;
};

// What the kernel begins with: single hosts.
[[nodiscard]] HashLengths default_hash_lengths(Family family);

// best_hash_length is the length, for both sides, by which most of `selectors` are hashed and few
// share a place that would not share one anyway. Nothing when the list is short, or hashing makes
// little of a difference: when its prefixes are few and the rest of each line are ports, or most
// lines have a very short prefix.
[[nodiscard]] std::optional<std::uint8_t> best_hash_length(std::span<const Selector> selectors);

void ask_hash_lengths(Request& request);
[[nodiscard]] std::optional<HashLengths> read_hash_lengths(const nlmsghdr& message, Family family);
// read_policy_count is how many policies there are, whoever made them.
[[nodiscard]] std::optional<std::uint32_t> read_policy_count(const nlmsghdr& message);
void set_hash_lengths(Request& request, Family family, HashLengths lengths);

}  // namespace xfrm
