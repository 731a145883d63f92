// SPDX-License-Identifier: GPL-2.0-or-later
// The chains of IPv6 alone (rules.h).
#pragma once

#include "xfrm/nft/rules_builder.h"

namespace xfrm {

// Those that keep addresses through the transform, and the maps they use. fill_stash_ipv6 goes on
// where the chain begins with what both families have in common.
void add_tokens_ipv6(RulesBuilder& to);
void fill_stash_ipv6(RulesBuilder& to);
void add_restore_ipv6(RulesBuilder& to);

// Those that show the router's own packets to the policies; fill_local_ipv6 writes the rules of the
// first.
void add_local_ipv6(RulesBuilder& to);
void fill_local_ipv6(RulesBuilder& to);

// The rule that marks encrypted multicast on its way out, and what `inbound` does with its echo.
void add_own_ipv6(RulesBuilder& to);
void drop_echo_ipv6(RulesBuilder& to);

}  // namespace xfrm
