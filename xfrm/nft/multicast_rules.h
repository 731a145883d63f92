// SPDX-License-Identifier: GPL-2.0-or-later
// The rules for what a multicast router forwards (multicast.h says why), in chains
//
//   multicast      forward, 1000      to a group, out by wan: multicast-out; neither is there when
//                  all that concerns multicast leaves in clear
//   multicast-out  each ACE that concerns multicast, in the order of the ACL. IPv4: one that
//                  protects lets pass what is about to be transformed by a state of its class, and
//                  drops the rest. IPv6: it sends a copy as if the router itself had made it, which
//                  is what the policies are asked about, and drops the original
//   multicast-in   from `tag`, to a group, but for GDOI: what came through a state must be listed,
//                  and what an ACE protects must have come through one
//
// What came in is judged before routing, for with IPv6 the forward hook has the way out in place of
// the way in. What passed or is about to pass a state of another plane, or of another program's, is
// not judged: it is for their ACL to say.
#pragma once

#include <vector>

#include "xfrm/nft/rules_builder.h"

namespace xfrm {

// add_multicast makes these chains, as far as the ACL concerns multicast.
void add_multicast(RulesBuilder& to);

// sending_rules judge what is about to leave by a WAN, receiving_rules what came in on one.
[[nodiscard]] std::vector<nft::Rule> sending_rules(const RulesBuilder& to, const char* chain);
[[nodiscard]] std::vector<nft::Rule> receiving_rules(const RulesBuilder& to, const char* chain);

}  // namespace xfrm
