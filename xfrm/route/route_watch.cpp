// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/route/route_watch.h"

#include <linux/rtnetlink.h>

#include <array>
#include <utility>

#include "xfrm/netlink/drain.h"

namespace xfrm {
namespace {

bool is_default_route(const nlmsghdr& message) {
  if (::mnl_nlmsg_get_payload_len(&message) < sizeof(rtmsg)) return true;  // whatever it is
  return static_cast<const rtmsg*>(::mnl_nlmsg_get_payload(&message))->rtm_dst_len == 0;
}

}  // namespace

RouteWatch::RouteWatch(Socket socket) : socket_{std::move(socket)}, buffer_(event_room) {}

Result<RouteWatch> RouteWatch::open() {
  constexpr std::array groups{RTNLGRP_LINK + 0, RTNLGRP_IPV4_IFADDR + 0, RTNLGRP_IPV6_IFADDR + 0,
                              RTNLGRP_IPV4_ROUTE + 0, RTNLGRP_IPV6_ROUTE + 0};
  auto socket = Socket::listen(NETLINK_ROUTE, groups);
  if (!socket) return tl::unexpected{socket.error()};
  return RouteWatch{std::move(*socket)};
}

RouteWatch::Changes RouteWatch::read() {
  Changes out;
  const bool whole = drain(socket_, buffer_.span(), [&](const nlmsghdr& message) {
    out.any = true;
    const bool route = message.nlmsg_type == RTM_NEWROUTE || message.nlmsg_type == RTM_DELROUTE;
    const bool link = message.nlmsg_type == RTM_NEWLINK || message.nlmsg_type == RTM_DELLINK;
    if (link || (route && is_default_route(message))) out.ways = true;
  });
  return whole ? out : Changes{true, true};
}

}  // namespace xfrm
