// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/route/ways.h"

#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/msg.h>
#include <netlink/route/link/vrf.h>

#include <algorithm>
#include <cerrno>
#include <functional>
#include <map>
#include <set>

#include "xfrm/base/describe.h"
#include "xfrm/netlink/route_socket.h"

namespace xfrm {
namespace {

// Links are the interfaces there are now.
struct Links {
  std::map<int, std::string> names;           // by index; without lo and the devices of VRFs
  std::map<std::string, std::uint32_t> vrfs;  // name: table
};

Result<Links> read_links(nl_sock* socket) {
  nl_cache* filled = nullptr;
  if (const int code = ::rtnl_link_alloc_cache(socket, AF_UNSPEC, &filled); code < 0)
    return nl_fail(code, "list of interfaces");
  const NlCache cache{filled};
  Links out;
  for (nl_object* at = ::nl_cache_get_first(cache.get()); at != nullptr;
       at = ::nl_cache_get_next(at)) {
    auto* link = reinterpret_cast<rtnl_link*>(at);
    const std::string name = ::rtnl_link_get_name(link);
    std::uint32_t table = 0;
    if (::rtnl_link_is_vrf(link) != 0 && ::rtnl_link_vrf_get_tableid(link, &table) == 0)
      out.vrfs[name] = table;
    else if (name != "lo")
      out.names[::rtnl_link_get_ifindex(link)] = name;
  }
  return out;
}

// Found collects the interfaces of next hops.
struct Found {
  std::function<bool(std::uint32_t)> in_table;
  std::set<int> indices;
};

void take_hops(rtnl_route* route, std::set<int>& indices) {
  for (int i = 0; i < ::rtnl_route_get_nnexthops(route); ++i)
    indices.insert(::rtnl_route_nh_get_ifindex(::rtnl_route_nexthop_n(route, i)));
}

int take_default_route(nl_msg* message, void* out) {
  auto& found = *static_cast<Found*>(out);
  const nlmsghdr* header = ::nlmsg_hdr(message);
  if (header->nlmsg_type != RTM_NEWROUTE ||
      ::nlmsg_datalen(header) < static_cast<int>(sizeof(rtmsg)))
    return NL_OK;
  if (static_cast<const rtmsg*>(::nlmsg_data(header))->rtm_dst_len != 0) return NL_OK;
  rtnl_route* parsed = nullptr;
  if (::rtnl_route_parse(::nlmsg_hdr(message), &parsed) < 0) return NL_OK;
  const NlRoute route{parsed};
  if (found.in_table(::rtnl_route_get_table(parsed))) take_hops(parsed, found.indices);
  return NL_OK;
}

Result<void> dump_default_routes(nl_sock* socket, int family, Found& found) {
  rtmsg request{};
  request.rtm_family = static_cast<unsigned char>(family);
  ::nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_CUSTOM, take_default_route, &found);
  int code = ::nl_send_simple(socket, RTM_GETROUTE, NLM_F_DUMP, &request, sizeof request);
  if (code >= 0) code = ::nl_recvmsgs_default(socket);
  ::nl_socket_modify_cb(socket, NL_CB_VALID, NL_CB_DEFAULT, nullptr, nullptr);
  if (code < 0) return nl_fail(code, "list of routes");
  return {};
}

std::vector<std::string> names_of(const std::set<int>& indices, const Links& links) {
  std::vector<std::string> out;
  for (const int index : indices)
    if (const auto at = links.names.find(index); at != links.names.end()) out.push_back(at->second);
  return out;
}

}  // namespace

Result<std::vector<std::string>> interfaces_to(const Address& destination, const std::string& vrf) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  const auto links = read_links(socket->get());
  if (!links) return tl::unexpected{links.error()};
  int forced = 0;
  if (!vrf.empty()) {
    forced = static_cast<int>(::if_nametoindex(vrf.c_str()));
    if (forced == 0) return fail(ENODEV, "interface " + vrf, "no such interface");
  }
  const auto route = look_up_route(socket->get(), destination, forced, RTM_F_FIB_MATCH,
                                   "route to " + describe(destination));
  if (!route) return tl::unexpected{route.error()};
  std::set<int> indices;
  take_hops(route->get(), indices);
  return names_of(indices, *links);
}

Result<std::vector<std::string>> default_interfaces(const std::string& vrf) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  const auto links = read_links(socket->get());
  if (!links) return tl::unexpected{links.error()};
  std::set<std::uint32_t> of_vrfs;
  for (const auto& [name, table] : links->vrfs) of_vrfs.insert(table);
  const auto wanted = links->vrfs.find(vrf);
  Found found;
  found.in_table = [&](std::uint32_t table) {
    return wanted != links->vrfs.end() ? table == wanted->second : !of_vrfs.contains(table);
  };
  for (const int family : {AF_INET, AF_INET6})
    if (auto done = dump_default_routes(socket->get(), family, found); !done)
      return tl::unexpected{done.error()};
  return names_of(found.indices, *links);
}

Result<std::vector<std::string>> interfaces_like(const std::string& beginning) {
  auto socket = open_route_socket();
  if (!socket) return tl::unexpected{socket.error()};
  const auto links = read_links(socket->get());
  if (!links) return tl::unexpected{links.error()};
  std::vector<std::string> out;
  for (const auto& [index, name] : links->names)
    if (name.starts_with(beginning)) out.push_back(name);
  return out;
}

}  // namespace xfrm
