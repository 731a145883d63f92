// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/uplink.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "agent/base/address.h"
#include "xfrm/base/contains.h"
#include "xfrm/plane/config.h"
#include "xfrm/route/links.h"
#include "xfrm/route/ways.h"

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

void add(std::vector<std::string>& names, const std::string& name) {
  if (!xfrm::contains(names, name)) names.push_back(name);
}

bool is_pattern(const std::string& interface) { return interface.ends_with('*'); }

// protected_interfaces: what was protected comes first, so that nothing changes without need.
Result<std::vector<std::string>> protected_interfaces(const WanChoice& choice,
                                                      std::span<const std::string> ways) {
  auto chosen = present_interfaces(choice.interfaces);
  if (!chosen) return chosen;
  if (choice.interfaces.empty()) chosen->assign(ways.begin(), ways.end());
  std::vector<std::string> out;
  for (const auto& name : choice.before)
    if (xfrm::contains(*chosen, name) || xfrm::find_link(name)) add(out, name);
  for (const auto& name : *chosen) add(out, name);
  return out;
}

}  // namespace

Result<std::vector<std::string>> present_interfaces(std::span<const std::string> chosen) {
  std::vector<std::string> out;
  for (const auto& interface : chosen) {
    if (!is_pattern(interface)) {
      add(out, interface);
      continue;
    }
    const auto found = xfrm::interfaces_like(interface.substr(0, interface.size() - 1));
    if (!found) return fail(found.error().message());
    for (const auto& name : *found) add(out, name);
  }
  return out;
}

Result<Uplink> resolve_uplink(std::span<const KeyServer> key_servers, const WanChoice& choice) {
  Error last{"no key servers"};
  Uplink out;
  out.vrf = choice.vrf;
  bool found = false;
  for (const auto& server : key_servers) {
    auto& source = out.sources.emplace_back();
    const auto path = path_towards(server.address, choice.vrf);
    if (!path) {
      last = path.error();
      continue;
    }
    if (choice.sources.empty()) {
      source = to_gdoi(path->source);
    } else if (const auto chosen = chosen_source(choice.sources, server.address.family)) {
      source = *chosen;
    } else {
      last = chosen.error();
      continue;
    }
    if (!found) out.source = *source;
    found = true;
    // What the kernel would take now comes first; the other next hops may be taken any time.
    add(out.ways, path->interface);
    const auto hops = xfrm::interfaces_to(to_xfrm(server.address), choice.vrf);
    if (!hops) return fail(hops.error().message());
    for (const auto& name : *hops) add(out.ways, name);
  }
  if (!found) return tl::unexpected<Error>{last};
  for (const auto& name : choice.defaults) add(out.ways, name);
  auto interfaces = protected_interfaces(choice, out.ways);
  if (!interfaces) return tl::unexpected<Error>{interfaces.error()};
  out.interfaces = std::move(*interfaces);
  if (out.interfaces.empty())
    return fail(fmt::format("no interface is called {}", fmt::join(choice.interfaces, " or ")));
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

Result<std::vector<std::string>> default_interfaces(const std::string& vrf) {
  auto found = xfrm::default_interfaces(vrf);
  if (!found) return fail(found.error().message());
  return std::move(*found);
}

Result<Uplink> current_uplink(const GroupConfig& config) {
  auto defaults = default_interfaces(config.vrf);
  if (!defaults) return tl::unexpected<Error>{defaults.error()};
  return resolve_uplink(config.key_servers,
                        {config.vrf, config.interfaces, std::move(*defaults), {}, config.sources});
}

std::vector<std::string> beginnings(std::span<const std::string> interfaces) {
  std::vector<std::string> out;
  for (const auto& interface : interfaces)
    if (is_pattern(interface)) out.push_back(interface.substr(0, interface.size() - 1));
  return out;
}

std::string advice(const Uplink& uplink) {
  std::vector<std::string> open;
  for (const auto& way : uplink.ways)
    if (!xfrm::contains(uplink.interfaces, way)) open.push_back(way);
  if (open.empty()) return {};
  return fmt::format(
      "traffic may leave by {}, which is not protected: a key server or a default route lies "
      "there. Add 'interface = {}', or leave 'interface' out",
      fmt::join(open, ", "), fmt::join(open, ", "));
}

bool is_local(const gdoi::Address& address) { return xfrm::is_local(to_xfrm(address)); }

}  // namespace agent
