// SPDX-License-Identifier: GPL-2.0-or-later
// Which notification of CISCO-GDOI-MIB an event is.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>

#include "agent/snmp/gdoi_mib.h"
#include "agent/snmp/objects.h"

namespace agent::snmp {

// notification_of takes an event as the daemon tells it, and its answer to `show` after that.
// Nothing: the module has no notification for it.
//
// cgmGdoiGmIncompleteCfg is never sent: the daemon does not start without what it needs.
[[nodiscard]] std::optional<Notification> notification_of(const nlohmann::json& event,
                                                          const nlohmann::json& status);

}  // namespace agent::snmp
