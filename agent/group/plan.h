// SPDX-License-Identifier: GPL-2.0-or-later
// What would be done, before it is done: to the kernel, and by a reload of the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "agent/base/planned_change.h"
#include "agent/base/result.h"
#include "agent/config/daemon_config.h"

namespace agent {

// ReloadEffect is what a reload does with one group.
enum class ReloadEffect : std::uint8_t {
  none,          // nothing
  comes,         // it is new
  goes,          // it is no longer configured: all of it is taken out of the kernel
  stands_anew,   // it has another place among the groups; its registration goes on
  reregisters,   // its keys go on, under the new settings, and it fetches the policy afresh
  registers,     // as a new member; what is in the kernel stays meanwhile
  is_made_anew,  // all of it is taken out of the kernel, since it will be known by other names
};

// GroupPlan is what would be done with one group.
struct GroupPlan {
  std::string group;
  ReloadEffect effect = ReloadEffect::none;        // of a reload
  bool credentials_differ = false;                 // secrets, keys or certificates, by a reload
  std::vector<SettingChange> settings = {};        // by a reload
  Result<std::vector<PlannedChange>> kernel = {};  // at once
};

// Plan is of the groups asked for: what a repair would do, or a reload.
struct Plan {
  bool of_reload = false;
  std::vector<std::string> restart = {};  // settings of the daemon that take a restart
  std::vector<GroupPlan> groups = {};
};

}  // namespace agent
