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

// each_address calls `visit` with each entry that has an address of either family, and that
// address.
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
    visit(*at, address);
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

bool is_link_local(const Address& address) {
  const auto first = std::to_integer<unsigned>(address.bytes[0]);
  const auto second = std::to_integer<unsigned>(address.bytes[1]);
  return address.family == Family::ipv4 ? first == 169 && second == 254
                                        : first == 0xfe && (second & 0xc0U) == 0x80;
}

bool is_loopback(const Address& address) {
  Address ipv6{Family::ipv6, {}};
  ipv6.bytes[15] = std::byte{1};
  return address.family == Family::ipv4 ? address.bytes[0] == std::byte{IN_LOOPBACKNET}
                                        : address == ipv6;
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
  const bool read = each_address([&](const ifaddrs& at, const Address& address) {
    const bool left_out = address.family == Family::ipv6 && is_link_local(address);
    if (interface == at.ifa_name && !left_out) out.push_back(address);
  });
  if (!read) return fail(errno, "addresses of interface " + interface);
  return out;
}

Result<std::vector<AddressedLink>> addressed_links() {
  std::vector<AddressedLink> out;
  const bool read = each_address([&](const ifaddrs& at, const Address& address) {
    if (is_loopback(address) || is_link_local(address)) return;
    std::string name{at.ifa_name};
    name = name.substr(0, name.find(':'));  // an address may have a label of its own
    auto link = std::find_if(out.begin(), out.end(),
                             [&](const AddressedLink& other) { return other.name == name; });
    if (link == out.end()) link = out.insert(link, AddressedLink{name});
    link->loopback = (at.ifa_flags & IFF_LOOPBACK) != 0;
    link->up = (at.ifa_flags & IFF_UP) != 0;
    (address.family == Family::ipv4 ? link->ipv4 : link->ipv6) = true;
  });
  if (!read) return fail(errno, "addresses of this machine");
  return out;
}

bool is_local(const Address& address) {
  bool found = false;
  const bool read = each_address(
      [&](const ifaddrs&, const Address& other) { found = found || other == address; });
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
