// SPDX-License-Identifier: GPL-2.0-or-later
// Which policy the kernel would take for a packet: its own look-up (xfrm_policy_lookup) done once
// more on what it lists. Policies of other programs are looked at as ours are, whatever they have
// that ours never do. What it cannot see: policies of single sockets, and what a security module
// or an offloading device adds.
//
// Pure: nothing here talks to the kernel.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "xfrm/base/packet.h"
#include "xfrm/ipsec/policy_codec.h"

namespace xfrm {

// Flow is a packet with what else a look-up compares.
struct Flow {
  Packet packet;
  int interface = 0;       // index of the one it leaves by; 0: none is known
  std::uint32_t mark = 0;  // of the packet
};

// ListedPolicy is any policy the kernel lists, in the kernel's own terms.
struct ListedPolicy {
  PolicyDirection direction = PolicyDirection::out;
  Prefix source, destination;
  std::uint8_t protocol = 0;  // 0: any
  std::uint16_t source_port = 0, source_port_mask = 0;
  std::uint16_t destination_port = 0, destination_port_mask = 0;
  int interface = 0;  // 0: any
  std::uint32_t mark = 0, mark_mask = 0;
  bool of_xfrm_interface = false;  // has an if_id: no packet is compared but those of such a device
  bool sub = false;                // a sub-policy, which comes before all others
  std::uint32_t priority = 0, index = 0;
  bool allow = true;
  bool has_template = false, optional = false;
  std::uint32_t reqid = 0;  // of the last template
  bool ours = false;        // for whoever reads the list to say
};

// read_listed_policy: nothing for a policy of a single socket, or what is no policy.
[[nodiscard]] std::optional<ListedPolicy> read_listed_policy(const nlmsghdr& message);

[[nodiscard]] bool matches(const ListedPolicy& policy, const Flow& flow);

// first_match is the policy that counts for a flow, of those in the order in which the kernel lists
// them: the newest first. The lowest priority counts; of several the oldest.
[[nodiscard]] const ListedPolicy* first_match(std::span<const ListedPolicy> listed,
                                              PolicyDirection direction, const Flow& flow);

// PolicyDefaults is what becomes of packets that no policy is about (Linux 5.15 and later; all
// pass before).
struct PolicyDefaults {
  bool in = true, out = true, fwd = true;  // whether they pass
  [[nodiscard]] bool passes(PolicyDirection direction) const;
};
void ask_for_defaults(Request& request);
[[nodiscard]] std::optional<PolicyDefaults> read_defaults(const nlmsghdr& message);

}  // namespace xfrm
