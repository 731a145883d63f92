// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/route/anchors.h"

#include <linux/rtnetlink.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "xfrm/base/describe.h"
#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

// To learn a WAN's own route and MTU we ask for an address nothing more specific leads to: the last
// of class E, far from any pool of anchors, and the last but one of what IPv6 routes globally.
Address nowhere(Family family) {
  Address out{family, {}};
  out.bytes.fill(std::byte{255});
  if (family == Family::ipv4) {
    out.bytes = {std::byte{255}, std::byte{255}, std::byte{255}, std::byte{254}};
  } else {
    out.bytes.front() = std::byte{0x3f};
    out.bytes.back() = std::byte{0xfe};
  }
  return out;
}

// What the kernel says to an address or a route of a family that is switched off where it would go.
constexpr int switched_off = EACCES;

constexpr std::uint32_t for_ever = 0xffffffff;  // of address lifetimes

// IPv6 addresses have neither a label nor a scope. Ours has a preferred lifetime of zero, so that
// it is no source of anything; that tells it from any other program's.
bool is_marked(rtnl_addr* address, Family family) {
  if (family == Family::ipv6) return (::rtnl_addr_get_flags(address) & IFA_F_DEPRECATED) != 0;
  const char* label = ::rtnl_addr_get_label(address);
  return label != nullptr && std::strcmp(label, anchor_label) == 0;
}

// for_each calls `each` with every object of a cache read from the kernel just now.
template <class Object, class Each>
void for_each(nl_cache* cache, Each&& each) {
  for (nl_object* at = ::nl_cache_get_first(cache); at != nullptr; at = ::nl_cache_get_next(at))
    each(reinterpret_cast<Object*>(at));
}

bool is_host(const nl_addr* found, const Address& wanted) {
  return found != nullptr && ::nl_addr_get_family(found) == kernel_family(wanted.family) &&
         ::nl_addr_get_prefixlen(found) == address_size(wanted.family) * 8 &&
         from_nl(found) == wanted;
}

}  // namespace

AnchorSet::AnchorSet(Anchors anchors, FaultInjector faults, NlSocket socket, const Prefix& pool)
    : anchors_{anchors}, pool_{pool}, faults_{std::move(faults)}, socket_{std::move(socket)} {}

Result<AnchorSet> AnchorSet::open(Anchors anchors, FaultInjector faults, const Prefix& pool) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  return AnchorSet{anchors, std::move(faults), std::move(*socket), pool};
}

std::string AnchorSet::address_name() const {
  return "anchor address " + describe(anchors_.in) + " on " + place_.name;
}
std::string AnchorSet::route_name() const {
  return "route to the anchor " + describe(anchors_.out);
}

std::uint32_t AnchorSet::port() const noexcept { return ::nl_socket_get_local_port(socket_.get()); }

Result<void> AnchorSet::pass(const std::string& what) {
  if (const int refused = faults_ ? faults_() : 0) return fail(refused, what);
  return {};
}

Result<void> AnchorSet::follow(const std::vector<Link>& interfaces) {
  AnchorPlace place;
  for (const Link& link : interfaces) {
    if (link.vrf_index != interfaces.front().vrf_index)
      return fail(EINVAL, "interfaces " + interfaces.front().name + " and " + link.name,
                  "they are not in the same VRF");
    if (link.vrf_index != 0) place = {link.vrf_index, link.vrf, link.vrf_index, link.table};
  }
  place_ = std::move(place);
  return {};
}

Result<AnchorRoute> AnchorSet::wanted_route(const std::vector<Link>& interfaces) {
  AnchorRoute out;
  std::uint32_t mtu = 0, device_mtu = 0;
  for (const Link& link : interfaces) {
    std::uint32_t path_mtu = link.mtu;
    if (link.up) {
      const auto path = path_to(nowhere(anchors_.in.family), link.name);
      // A VRF's table may end in an unreachable default route, and lead nowhere. IPv6 has no route
      // to anywhere where IPv4 takes the whole world for on-link.
      if (!path && link.vrf.empty() && anchors_.in.family == Family::ipv4)
        return tl::unexpected{path.error()};
      if (path) path_mtu = path->mtu;
      if (out.interface == 0) {
        out.interface = link.index;
        device_mtu = link.mtu;
      }
    }
    mtu = mtu == 0 ? path_mtu : std::min(mtu, path_mtu);
  }
  if (out.interface == 0) return fail(ENETDOWN, route_name(), "no WAN interface is up");
  out.mtu = mtu < device_mtu ? mtu : 0;
  return out;
}

Result<bool> AnchorSet::has_address() {
  if (auto passed = pass(address_name()); !passed) return tl::unexpected{passed.error()};
  nl_cache* raw = nullptr;
  if (const int code = ::rtnl_addr_alloc_cache(socket_.get(), &raw); code < 0)
    return nl_fail(code, address_name());
  const NlCache cache{raw};
  bool found = false, foreign = false;
  elsewhere_.reset();
  for_each<rtnl_addr>(raw, [&](rtnl_addr* address) {
    if (!is_host(::rtnl_addr_get_local(address), anchors_.in)) return;
    const bool ours = is_marked(address, anchors_.in.family);
    const int device = ::rtnl_addr_get_ifindex(address);
    found = found || (ours && device == place_.device);
    if (ours && device != place_.device) elsewhere_ = device;
    foreign = foreign || !ours;
  });
  if (foreign) return fail(EEXIST, address_name(), "the address is in use by another");
  return found;
}

Result<std::optional<AnchorRoute>> AnchorSet::route() {
  const std::string what = route_name();
  if (auto passed = pass(what); !passed) return tl::unexpected{passed.error()};
  // Without LOOKUP_TABLE the kernel says that each route of IPv4 is in table main.
  auto found = look_up_route(socket_.get(), anchors_.out, place_.vrf,
                             RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE, what);
  // Whatever the kernel says instead of a route (unreachable, a blackhole), ours is not there: it
  // would have been the best match.
  if (!found) return std::optional<AnchorRoute>{};
  rtnl_route* route = found->get();
  if (!is_host(::rtnl_route_get_dst(route), anchors_.out)) return std::optional<AnchorRoute>{};
  if (::rtnl_route_get_protocol(route) != anchor_protocol)
    return fail(EEXIST, what, "another program has such a route");
  if (place_.table != 0 && ::rtnl_route_get_table(route) != place_.table)
    return std::optional<AnchorRoute>{};
  AnchorRoute out;
  if (rtnl_nexthop* hop = ::rtnl_route_nexthop_n(route, 0))
    out.interface = ::rtnl_route_nh_get_ifindex(hop);
  static_cast<void>(::rtnl_route_get_metric(route, RTAX_MTU, &out.mtu));
  return std::optional{out};
}

Result<NlLocalAddress> AnchorSet::make_address(int device) {
  NlLocalAddress address{::rtnl_addr_alloc()};
  if (!address) throw std::bad_alloc{};
  const auto local = to_nl(anchors_.in);
  ::rtnl_addr_set_ifindex(address.get(), device);
  // Host scope: never chosen as a source for anything that leaves.
  ::rtnl_addr_set_scope(address.get(), RT_SCOPE_HOST);
  if (int code = ::rtnl_addr_set_local(address.get(), local.get()); code < 0)
    return nl_fail(code, address_name());
  if (anchors_.in.family == Family::ipv6) {
    ::rtnl_addr_set_preferred_lifetime(address.get(), 0);
    ::rtnl_addr_set_valid_lifetime(address.get(), for_ever);
    return address;
  }
  if (int code = ::rtnl_addr_set_label(address.get(), anchor_label); code < 0)
    return nl_fail(code, address_name());
  return address;
}

Result<bool> AnchorSet::add_address() {
  if (elsewhere_)
    if (auto gone = delete_address_of(*elsewhere_); !gone) return tl::unexpected{gone.error()};
  elsewhere_.reset();
  const auto address = make_address(place_.device);
  if (!address) return tl::unexpected{address.error()};
  if (auto passed = pass(address_name()); !passed) return tl::unexpected{passed.error()};
  const int code = ::rtnl_addr_add(socket_.get(), address->get(), NLM_F_EXCL);
  if (code < 0 && is_off(code)) return false;
  if (code < 0) return nl_fail(code, address_name());
  return true;
}

bool AnchorSet::is_off(int nl_code) const {
  return anchors_.in.family == Family::ipv6 && errno_of(nl_code) == switched_off;
}

Result<void> AnchorSet::delete_address() {
  if (elsewhere_)
    if (auto gone = delete_address_of(*elsewhere_); !gone) return gone;
  elsewhere_.reset();
  return delete_address_of(place_.device);
}

Result<void> AnchorSet::delete_address_of(int device) {
  const auto address = make_address(device);
  if (!address) return tl::unexpected{address.error()};
  if (auto passed = pass(address_name()); !passed) return passed;
  const int code = ::rtnl_addr_delete(socket_.get(), address->get(), 0);
  if (code >= 0 || errno_of(code) == EADDRNOTAVAIL || errno_of(code) == ENODEV) return {};
  return nl_fail(code, address_name());
}

NlRoute AnchorSet::make_route(const AnchorRoute& wanted) {
  NlRoute route{::rtnl_route_alloc()};
  rtnl_nexthop* hop = ::rtnl_route_nh_alloc();
  if (!route || hop == nullptr) throw std::bad_alloc{};
  const auto destination = to_nl(anchors_.out);
  ::rtnl_route_set_dst(route.get(), destination.get());
  ::rtnl_route_set_table(route.get(), place_.table != 0 ? place_.table : RT_TABLE_MAIN);
  ::rtnl_route_set_scope(route.get(), RT_SCOPE_LINK);
  ::rtnl_route_set_protocol(route.get(), anchor_protocol);
  ::rtnl_route_set_type(route.get(), RTN_UNICAST);
  if (wanted.mtu != 0) ::rtnl_route_set_metric(route.get(), RTAX_MTU, wanted.mtu);
  ::rtnl_route_nh_set_ifindex(hop, wanted.interface);
  ::rtnl_route_add_nexthop(route.get(), hop);  // the route owns it now
  return route;
}

Result<bool> AnchorSet::set_route(const AnchorRoute& wanted) {
  const auto route = make_route(wanted);
  if (auto passed = pass(route_name()); !passed) return tl::unexpected{passed.error()};
  const int code = ::rtnl_route_add(socket_.get(), route.get(), NLM_F_REPLACE);
  if (code < 0 && is_off(code)) return false;
  if (code < 0) return nl_fail(code, route_name());
  return true;
}

bool AnchorSet::is_on(const AnchorRoute& wanted) {
  Address all_nodes{Family::ipv6, {std::byte{0xff}, std::byte{2}}}, here{Family::ipv6, {}};
  all_nodes.bytes.back() = here.bytes.back() = std::byte{1};
  const bool on_lo = place_.vrf == 0;
  return anchors_.in.family == Family::ipv4 ||
         (look_up_route(socket_.get(), on_lo ? here : all_nodes, place_.vrf, 0, address_name()) &&
          look_up_route(socket_.get(), all_nodes, wanted.interface, 0, route_name()));
}

Result<void> AnchorSet::delete_route() {
  NlRoute route{::rtnl_route_alloc()};
  if (!route) throw std::bad_alloc{};
  const auto destination = to_nl(anchors_.out);
  ::rtnl_route_set_dst(route.get(), destination.get());
  ::rtnl_route_set_table(route.get(), place_.table != 0 ? place_.table : RT_TABLE_MAIN);
  ::rtnl_route_set_scope(route.get(), RT_SCOPE_NOWHERE);  // any
  ::rtnl_route_set_protocol(route.get(), anchor_protocol);
  if (auto passed = pass(route_name()); !passed) return passed;
  const int code = ::rtnl_route_delete(socket_.get(), route.get(), 0);
  if (code >= 0 || errno_of(code) == ESRCH) return {};
  return nl_fail(code, route_name());
}

std::string AnchorSet::pool_name() const {
  return "local route to the anchors of senders, " + describe(pool_);
}

NlRoute AnchorSet::make_pool_route() const {
  NlRoute route{::rtnl_route_alloc()};
  rtnl_nexthop* hop = ::rtnl_route_nh_alloc();
  if (!route || hop == nullptr) throw std::bad_alloc{};
  const auto destination = to_nl(pool_.address);
  ::nl_addr_set_prefixlen(destination.get(), pool_.length);
  ::rtnl_route_set_dst(route.get(), destination.get());
  ::rtnl_route_set_table(route.get(), place_.table != 0 ? place_.table : RT_TABLE_LOCAL);
  ::rtnl_route_set_scope(route.get(), RT_SCOPE_HOST);
  ::rtnl_route_set_protocol(route.get(), anchor_protocol);
  ::rtnl_route_set_type(route.get(), RTN_LOCAL);
  ::rtnl_route_nh_set_ifindex(hop, place_.device);
  ::rtnl_route_add_nexthop(route.get(), hop);  // the route owns it now
  return route;
}

Result<bool> AnchorSet::has_pool() {
  const std::string what = pool_name();
  if (auto passed = pass(what); !passed) return tl::unexpected{passed.error()};
  auto found = look_up_route(socket_.get(), pool_.address, place_.vrf,
                             RTM_F_FIB_MATCH | RTM_F_LOOKUP_TABLE, what);
  if (!found) return false;  // as with route()
  rtnl_route* route = found->get();
  const nl_addr* destination = ::rtnl_route_get_dst(route);
  if (destination == nullptr || ::nl_addr_get_prefixlen(destination) != pool_.length ||
      from_nl(destination) != pool_.address || ::rtnl_route_get_type(route) != RTN_LOCAL)
    return false;
  if (::rtnl_route_get_protocol(route) != anchor_protocol)
    return fail(EEXIST, what, "another program has such a route");
  return place_.table == 0 || ::rtnl_route_get_table(route) == place_.table;
}

Result<bool> AnchorSet::add_pool() {
  const auto route = make_pool_route();
  if (auto passed = pass(pool_name()); !passed) return tl::unexpected{passed.error()};
  const int code = ::rtnl_route_add(socket_.get(), route.get(), NLM_F_EXCL);
  if (code < 0 && is_off(code)) return false;
  if (code < 0) return nl_fail(code, pool_name());
  return true;
}

Result<void> AnchorSet::delete_pool() {
  const auto route = make_pool_route();
  if (auto passed = pass(pool_name()); !passed) return passed;
  const int code = ::rtnl_route_delete(socket_.get(), route.get(), 0);
  if (code >= 0 || errno_of(code) == ESRCH) return {};
  return nl_fail(code, pool_name());
}

}  // namespace xfrm
