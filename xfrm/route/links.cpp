// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/route/links.h"

#include <ifaddrs.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/route/link/vrf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "xfrm/base/describe.h"
#include "xfrm/base/kernel_address.h"
#include "xfrm/netlink/route_socket.h"

namespace xfrm {
namespace {

Link make_link(rtnl_link* link) {
  Link out;
  out.name = ::rtnl_link_get_name(link);
  out.index = ::rtnl_link_get_ifindex(link);
  out.mtu = ::rtnl_link_get_mtu(link);
  out.up = (::rtnl_link_get_flags(link) & IFF_UP) != 0;
  return out;
}

// find_vrf adds what there is to know when the master of an interface is a VRF.
void find_vrf(nl_sock* socket, int master, Link& link) {
  rtnl_link* found = nullptr;
  if (::rtnl_link_get_kernel(socket, master, nullptr, &found) < 0) return;
  const NlLink owned{found};
  if (::rtnl_link_is_vrf(found) == 0 || ::rtnl_link_vrf_get_tableid(found, &link.table) < 0) return;
  link.vrf = ::rtnl_link_get_name(found);
  link.vrf_index = master;
}

Result<Link> find_link(nl_sock* socket, int index, const char* name) {
  const std::string what =
      "interface " + (name != nullptr ? std::string{name} : "number " + std::to_string(index));
  rtnl_link* found = nullptr;
  if (const int code = ::rtnl_link_get_kernel(socket, index, name, &found); code < 0)
    return errno_of(code) == ESRCH || errno_of(code) == ENODEV
               ? Result<Link>{fail(ENODEV, what, "no such interface")}
               : Result<Link>{nl_fail(code, what)};
  const NlLink owned{found};
  auto link = make_link(found);
  if (const int master = ::rtnl_link_get_master(found); master != 0) find_vrf(socket, master, link);
  return link;
}

}  // namespace

Result<Link> find_link(const std::string& name) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  if (name.empty() || name.size() >= IFNAMSIZ)
    return fail(ENODEV, "interface " + name, "no such interface");
  return find_link(socket->get(), 0, name.c_str());
}

std::string name_of(int index) {
  std::array<char, IFNAMSIZ> name{};
  return ::if_indextoname(static_cast<unsigned>(index), name.data()) == nullptr ? "" : name.data();
}

bool is_local(const Address& address) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return true;  // nothing is known to be wrong
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned{all, ::freeifaddrs};
  for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    const void* octets = nullptr;
    if (at->ifa_addr->sa_family == AF_INET && address.family == Family::ipv4)
      octets = &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr;
    if (at->ifa_addr->sa_family == AF_INET6 && address.family == Family::ipv6)
      octets = &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
    if (octets != nullptr &&
        std::memcmp(octets, address.bytes.data(), address_size(address.family)) == 0)
      return true;
  }
  return false;
}

Result<Path> path_to(const Address& destination, const std::string& interface) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  const std::string what =
      "route to " + describe(destination) + (interface.empty() ? "" : " by " + interface);
  int forced = 0;
  if (!interface.empty()) {
    const auto link = find_link(interface);
    if (!link) return tl::unexpected{link.error()};
    forced = link->index;
  }
  const auto route = look_up_route(socket->get(), destination, forced, 0, what);
  if (!route) return tl::unexpected{route.error()};
  rtnl_nexthop* hop = ::rtnl_route_get_nnexthops(route->get()) > 0
                          ? ::rtnl_route_nexthop_n(route->get(), 0)
                          : nullptr;
  if (hop == nullptr) return fail(ENETUNREACH, what);  // blackhole, prohibit and their kind

  const auto link = find_link(socket->get(), ::rtnl_route_nh_get_ifindex(hop), nullptr);
  if (!link) return tl::unexpected{link.error()};
  Path path;
  path.interface = link->name;
  path.index = link->index;
  path.mtu = link->mtu;
  std::uint32_t metric = 0;  // a route may have an MTU of its own, or learnt one on the way
  if (::rtnl_route_get_metric(route->get(), RTAX_MTU, &metric) == 0 && metric != 0)
    path.mtu = std::min(path.mtu, metric);
  path.source.family = path.next_hop.family = destination.family;
  if (nl_addr* source = ::rtnl_route_get_pref_src(route->get())) path.source = from_nl(source);
  nl_addr* gateway = ::rtnl_route_nh_get_gateway(hop);
  if (gateway == nullptr) gateway = ::rtnl_route_nh_get_via(hop);
  if (gateway != nullptr) path.next_hop = from_nl(gateway);
  path.gateway = gateway != nullptr;
  return path;
}

}  // namespace xfrm
