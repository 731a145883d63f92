// SPDX-License-Identifier: GPL-2.0-or-later
// Questions to the kernel before anything is installed: has it what a plane needs? The error says
// which kernel options are missing.
#pragma once

#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/channel.h"
#include "xfrm/nft/rules.h"

namespace xfrm {

// probe_esp adds a state and removes it again.
[[nodiscard]] Result<void> probe_esp(NetlinkChannel& xfrm, const Anchors& anchors);

// probe_rules has the kernel check all rules there are, as of the table `spec` under another name.
[[nodiscard]] Result<void> probe_rules(NetlinkChannel& netfilter, RulesSpec spec);

}  // namespace xfrm
