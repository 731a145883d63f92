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

// each_address calls `visit` with the interface and the address of all of this machine's.
template <class Visit>
bool each_address(Visit visit) {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return false;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned{all, ::freeifaddrs};
  for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr) continue;
    const auto family = at->ifa_addr->sa_family;
    if (family != AF_INET && family != AF_INET6) continue;
    const void* octets = family == AF_INET
                             ? static_cast<const void*>(
                                   &reinterpret_cast<const sockaddr_in*>(at->ifa_addr)->sin_addr)
                             : &reinterpret_cast<const sockaddr_in6*>(at->ifa_addr)->sin6_addr;
    Address address{family == AF_INET ? Family::ipv4 : Family::ipv6, {}};
    std::memcpy(address.bytes.data(), octets, address_size(address.family));
    visit(at->ifa_name, address);
  }
  return true;
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

// is_global tells whether an address is of that family, and neither the loopback's own nor good on
// its link only.
bool is_global(const sockaddr* address, int family) {
  if (address == nullptr || address->sa_family != family) return false;
  if (family == AF_INET) {
    const auto host = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
    return host >> 24 != IN_LOOPBACKNET && host >> 16 != 0xa9feU;  // 169.254.0.0/16
  }
  const auto& host = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  return !IN6_IS_ADDR_LOOPBACK(&host) && !IN6_IS_ADDR_LINKLOCAL(&host);
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

Result<std::vector<Address>> addresses_of(const std::string& interface) {
  std::vector<Address> out;
  const bool read = each_address([&](const char* name, const Address& address) {
    const bool link_local = address.family == Family::ipv6 && address.bytes[0] == std::byte{0xfe} &&
                            (address.bytes[1] & std::byte{0xc0}) == std::byte{0x80};
    if (interface == name && !link_local) out.push_back(address);
  });
  if (!read) return fail(errno, "addresses of interface " + interface);
  return out;
}

Result<std::vector<AddressedLink>> addressed_links() {
  ifaddrs* all = nullptr;
  if (::getifaddrs(&all) != 0) return fail(errno, "addresses of this machine");
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owned{all, ::freeifaddrs};
  std::vector<AddressedLink> out;
  for (const ifaddrs* at = all; at != nullptr; at = at->ifa_next) {
    const bool ipv4 = is_global(at->ifa_addr, AF_INET), ipv6 = is_global(at->ifa_addr, AF_INET6);
    if (!ipv4 && !ipv6) continue;
    std::string name{at->ifa_name};
    name = name.substr(0, name.find(':'));  // an address may have a label of its own
    auto link = std::find_if(out.begin(), out.end(),
                             [&](const AddressedLink& other) { return other.name == name; });
    if (link == out.end()) link = out.insert(link, AddressedLink{name});
    link->loopback = (at->ifa_flags & IFF_LOOPBACK) != 0;
    link->up = (at->ifa_flags & IFF_UP) != 0;
    link->ipv4 = link->ipv4 || ipv4;
    link->ipv6 = link->ipv6 || ipv6;
  }
  return out;
}

bool is_local(const Address& address) {
  bool found = false;
  const bool read =
      each_address([&](const char*, const Address& other) { found = found || other == address; });
  return found || !read;  // when it could not be read, nothing is known to be wrong
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
