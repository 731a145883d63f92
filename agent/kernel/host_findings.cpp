// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/host_findings.h"

#include "agent/kernel/uplink.h"

namespace agent {
namespace {

Error from_kernel(const xfrm::Error& error) { return Error{error.message()}; }

}  // namespace

Result<std::vector<Finding>> HostFindings::look(std::span<const std::string> interfaces) {
  if (!host_) {
    auto host = xfrm::HostSettings::open().map_error(from_kernel);
    if (!host) return tl::unexpected<Error>{host.error()};
    host_ = std::move(*host);
  }
  return host_->find(interfaces).map_error(from_kernel);
}

Result<std::vector<Finding>> HostFindings::look_for(const GroupConfig& config) {
  if (!config.interfaces.empty()) return look(config.interfaces);
  const auto uplink = resolve_uplink(config.key_servers, config.vrf, {});
  return look(uplink ? uplink->interfaces : config.interfaces);
}

}  // namespace agent
