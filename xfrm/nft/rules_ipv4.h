// SPDX-License-Identifier: GPL-2.0-or-later
// The chains that keep IPv4 addresses through the transform, `stash` and `restore` (rules.h).
#pragma once

#include "xfrm/nft/rules_builder.h"

namespace xfrm {

// fill_stash_ipv4 goes on where the chain begins with what both families have in common.
void fill_stash_ipv4(RulesBuilder& to);
void add_restore_ipv4(RulesBuilder& to);

}  // namespace xfrm
