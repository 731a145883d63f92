// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/uplink.h"

#include "agent/base/address.h"
#include "xfrm/route/links.h"

namespace agent {
namespace {

// path_towards is the path to a key server that is not this machine itself.
Result<xfrm::Path> path_towards(const gdoi::Address& server, const std::string& vrf) {
  auto path = xfrm::path_to(to_xfrm(server), vrf);
  if (!path) return fail(path.error().message());
  // What is ours is reached by lo, or in a VRF by the VRF's own device.
  if (path->interface == "lo" || path->interface == vrf)
    return fail(to_string(server) + " is an address of this machine");
  return std::move(*path);
}

}  // namespace

Result<Uplink> resolve_uplink(std::span<const gdoi::Endpoint> key_servers, const std::string& vrf,
                              std::vector<std::string> interfaces) {
  Error last{"no key servers"};
  Uplink out;
  out.vrf = vrf;
  out.interfaces = std::move(interfaces);
  bool found = false;
  for (const auto& server : key_servers) {
    auto& source = out.sources.emplace_back();
    const auto path = path_towards(server.address, vrf);
    if (!path) {
      last = path.error();
      continue;
    }
    source = to_gdoi(path->source);
    if (found) continue;
    found = true;
    out.source = *source;
    if (out.interfaces.empty()) out.interfaces.push_back(path->interface);
  }
  if (!found) return tl::unexpected<Error>{last};
  // Interfaces may come later, but on one at least there must be something to protect.
  for (const auto& name : out.interfaces) {
    const auto link = xfrm::find_link(name);
    if (link) {
      out.inside_vrf = link->vrf;
      return out;
    }
    last = Error{link.error().message()};
  }
  return tl::unexpected<Error>{last};
}

bool is_local(const gdoi::Address& address) { return xfrm::is_local(to_xfrm(address)); }

}  // namespace agent
