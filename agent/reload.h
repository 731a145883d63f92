// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/config/config.h"

namespace agent {

// registers_alike tells whether a group that changes from one configuration to the other goes on
// with its registration: what differs is taken up while it runs. All that is not known to be so
// counts as a difference, so that a setting that is added begins anew until somebody thought of it.
[[nodiscard]] bool registers_alike(GroupConfig from, const GroupConfig& to);

}  // namespace agent
