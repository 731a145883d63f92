// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/uplink.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/address.h"
#include "xfrm/plane/config.h"
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

// may_name_us leaves out what an interface has for this machine alone: loopback, and anchors.
bool may_name_us(const xfrm::Address& address) {
  constexpr xfrm::Address discard = xfrm::discard_address(0);
  return is_unicast(to_gdoi(address)) &&
         !(address.family == discard.family &&
           std::equal(discard.bytes.begin(), discard.bytes.begin() + 8, address.bytes.begin()));
}

}  // namespace

Result<Uplink> resolve_uplink(std::span<const gdoi::Endpoint> key_servers, const std::string& vrf,
                              std::vector<std::string> interfaces, std::span<const Source> choice) {
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
    if (choice.empty()) {
      source = to_gdoi(path->source);
    } else if (const auto chosen = chosen_source(choice, server.address.family)) {
      source = *chosen;
    } else {
      last = chosen.error();
      continue;
    }
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

Result<gdoi::Address> chosen_source(std::span<const Source> choice, gdoi::Address::Family family) {
  std::string tried;
  for (const auto& source : choice) {
    if (const auto* address = std::get_if<gdoi::Address>(&source)) {
      if (address->family != family) continue;
      if (is_local(*address)) return *address;
      tried += fmt::format("{}{} is not an address of this machine", tried.empty() ? "" : "; ",
                           to_string(*address));
      continue;
    }
    const auto& interface = std::get<std::string>(source);
    const auto addresses = xfrm::addresses_of(interface);
    if (!addresses) return fail(addresses.error().message());
    for (const auto& address : *addresses)
      if (to_gdoi(address).family == family && may_name_us(address)) return to_gdoi(address);
    tried += fmt::format("{}interface {} has no {} address", tried.empty() ? "" : "; ", interface,
                         family == gdoi::Address::Family::ipv4 ? "IPv4" : "IPv6");
  }
  return fail("source: " + (tried.empty() ? "none for that family of addresses" : tried));
}

bool is_local(const gdoi::Address& address) { return xfrm::is_local(to_xfrm(address)); }

}  // namespace agent
