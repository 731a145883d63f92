// SPDX-License-Identifier: GPL-2.0-or-later
// Policies between our types and netlink messages. Pure: nothing here talks to the kernel.
//
// One ACE becomes a policy out for each WAN interface, one fwd and one in. All three carry the
// ACE's selector as it stands, source first: an ACL describes flows from a source to a
// destination wherever they pass, at the sender's (out) and at the receiver's (fwd, in). Mirroring
// it for what comes in would invent rules the key server never gave, and two members with an
// asymmetric ACL would disagree about one and the same packet.
#pragma once

#include <linux/netlink.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "xfrm/base/types.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/request.h"

namespace xfrm {

enum class PolicyDirection : std::uint8_t { in, out, fwd };

// from_kernel_direction: nothing for a policy of a socket.
[[nodiscard]] std::optional<PolicyDirection> from_kernel_direction(std::uint8_t direction);

// PolicyKey is what the kernel tells policies apart by. The owner stands in the selector's field
// for a user, which the kernel compares between policies and never with a packet: two planes may
// have equal ACEs on one interface.
struct PolicyKey {
  PolicyDirection direction = PolicyDirection::out;
  Selector selector;
  int interface = 0;       // out: the WAN's index; 0: any
  std::uint32_t mark = 0;  // value and mask alike; 0: none
  std::uint32_t owner = 0;
  friend auto operator<=>(const PolicyKey&, const PolicyKey&) = default;
};

// PolicyBody is what a policy does. Towards the wire protect_inbound_optional is a bypass like any
// other, so it has a meaning of its own for fwd and in only: there the template is optional.
struct PolicyBody {
  std::uint32_t priority = 0;  // lower comes first
  std::uint32_t reqid = 0;     // of the states that protect; 0: bypass and discard
  Entry::Action action = Entry::Action::protect;
  bool other_flags = false;  // as found: its flags are not those we would give it
  friend auto operator<=>(const PolicyBody&, const PolicyBody&) = default;
};

struct Policy {
  PolicyKey key;
  PolicyBody body;
  friend auto operator<=>(const Policy&, const Policy&) = default;
};

// by_key is the order of lists of policies.
[[nodiscard]] inline bool by_key(const Policy& a, const Policy& b) { return a.key < b.key; }
// find_policy returns that of a list in this order which has this key, or null.
[[nodiscard]] const Policy* find_policy(const std::vector<Policy>& sorted, const PolicyKey& key);

enum class IfPresent { refuse, replace };

// put_policy asks for a policy; `replace` exchanges what has the same key in one stroke.
void put_policy(Request& request, const Policy& policy, const Anchors& anchors, IfPresent present);

void delete_policy(Request& request, const PolicyKey& key);

// delete_policy_by_index asks for the removal of the policy that the kernel numbers `index`
// (index_of), which is that of `key`. The kernel finds it at once. After each removal by key it
// goes through all prefixes of its tree, for branches that are empty now; after this it does not,
// and they stay until prune_policies().
void delete_policy_by_index(Request& request, const PolicyKey& key, std::uint32_t index);

// prune_policies has the kernel free the empty branches of one family and direction: it asks for
// the removal of a policy that nobody has, and is refused with ENOENT.
void prune_policies(Request& request, PolicyDirection direction, Family family);

void list_policies(Request& request);

// PolicyScope says which policies are a plane's own.
struct PolicyScope {
  Anchors anchors;
  std::uint32_t first_reqid = 0, reqids = 0;
  std::uint32_t first_priority = 0, priorities = 0;
  std::uint32_t mark = 0;
  std::uint32_t owner = 0;
};

// recognise_policy returns what the kernel reported when it is the plane's own: it has our owner,
// and its template has one of our reqids, or it is a bypass or a discard within the priorities of
// all planes that has our mark or is tied to an interface. Anything else is somebody else's.
[[nodiscard]] std::optional<Policy> recognise_policy(const nlmsghdr& message,
                                                     const PolicyScope& scope);

// read_policy returns key and priority of any policy whose key we could have made, whoever made it.
// As the body of one that is ours by its key and not by what it does (somebody changed it), it
// equals none that we would make: it would protect without a reqid.
[[nodiscard]] std::optional<Policy> read_policy(const nlmsghdr& message);

// index_of is the kernel's own number of a policy that read_policy() accepts.
[[nodiscard]] std::uint32_t index_of(const nlmsghdr& message);

[[nodiscard]] std::string describe(const PolicyKey& key);

}  // namespace xfrm
