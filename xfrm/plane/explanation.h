// SPDX-License-Identifier: GPL-2.0-or-later
// What the kernel would do with one packet: its policies, asked as a flow asks them, and the second
// lock.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "xfrm/base/packet.h"
#include "xfrm/base/result.h"
#include "xfrm/ipsec/policy_lookup.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/lock_rules.h"
#include "xfrm/route/links.h"

namespace xfrm {

// PolicyAnswer is what policies say of a packet on one of its ways: out by a WAN interface, or
// having come in by one, to be forwarded (fwd) or for this machine (in).
struct PolicyAnswer {
  enum class Does : std::uint8_t {
    clear,    // passes in clear, and in clear only
    protect,  // leaves encrypted; must have come encrypted
    either,   // comes encrypted or in clear
    drop,
    foreign,  // is encrypted by another program's IPsec, or must have been
  };
  PolicyDirection direction = PolicyDirection::out;
  std::string interface;  // out: the WAN interface
  Does does = Does::clear;
  std::optional<ListedPolicy> policy;  // that decides; nothing: none, but the kernel's default
  // Out and protected: of the state it leaves on. A packet that is protected and has none is
  // dropped.
  std::optional<std::uint32_t> spi;
};

// LockAnswer is what the second lock says of a packet that is in clear on a WAN.
struct LockAnswer {
  bool installed = false;                // without it all passes
  bool passes = true;                    // as its sets are looked up
  std::optional<Entry> entry;            // the first of its ACL that matches
  bool exempt = false;                   // GDOI, whatever the ACL says
  bool changing = false;                 // it has two ACLs, and drops what neither lets pass
  std::vector<std::string> differences;  // of its tables in the kernel from what they should be
};

struct Explanation {
  std::vector<PolicyAnswer> policies;  // out by each WAN interface that is there, fwd, in
  LockAnswer lock;
};

// ask_policies reads all policies there are. `mark` is that of packets that came in by a WAN;
// `ours` says whose they are. Of what protects, out, it does not say yet on which state.
[[nodiscard]] Result<std::vector<PolicyAnswer>> ask_policies(NetlinkChannel& xfrm,
                                                             const Packet& packet,
                                                             std::span<const Link> wans,
                                                             std::uint32_t mark,
                                                             const PolicyScope& ours);

// ask_lock looks a packet up in what the lock's sets are made of. Its last list is the ACL.
[[nodiscard]] LockAnswer ask_lock(const LockSpec& lock, const Packet& packet);

}  // namespace xfrm
