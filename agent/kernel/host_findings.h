// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "agent/base/finding.h"
#include "agent/base/result.h"
#include "agent/config/config.h"
#include "xfrm/plane/host_settings.h"

namespace agent {

// HostFindings looks for settings of this machine that work against encryption.
class HostFindings {
 public:
  // look is about the WAN interfaces `interfaces`; those that are not there are left out.
  [[nodiscard]] Result<std::vector<Finding>> look(std::span<const std::string> interfaces);

  // look_for looks as a group would that starts now, its key servers all having an address: without
  // `interface` set, on those that lead to its key servers. While there is no route to any, only
  // what concerns all is looked at.
  [[nodiscard]] Result<std::vector<Finding>> look_for(const GroupConfig& config);

 private:
  std::optional<xfrm::HostSettings> host_;  // since the first look
};

}  // namespace agent
