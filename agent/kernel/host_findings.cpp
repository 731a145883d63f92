// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/host_findings.h"

#include "agent/kernel/kernel_error.h"
#include "agent/kernel/uplink.h"

namespace agent {

Result<std::vector<Finding>> HostFindings::look(std::span<const std::string> interfaces) {
  if (!host_) {
    auto host = xfrm::HostSettings::open().map_error(from_kernel);
    if (!host) return tl::unexpected<Error>{host.error()};
    host_ = std::move(*host);
  }
  return host_->find(interfaces).map_error(from_kernel);
}

Result<std::vector<Finding>> HostFindings::look_for(const GroupConfig& config) {
  const auto uplink = current_uplink(config);
  if (uplink) return look(uplink->interfaces);
  const auto named = present_interfaces(config.interfaces);
  if (!named) return tl::unexpected<Error>{named.error()};
  return look(*named);
}

}  // namespace agent
