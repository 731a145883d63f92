// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/events.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>
#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "xfrm/base/contains.h"
#include "xfrm/netlink/drain.h"

namespace xfrm {
namespace {

Result<void> watch(int poll, const Socket& socket) {
  epoll_event event{};
  event.events = EPOLLIN;
  if (::epoll_ctl(poll, EPOLL_CTL_ADD, socket.fd(), &event) < 0)
    return fail(errno, "watch netlink events");
  return {};
}

}  // namespace

Events::Events(Socket xfrm, Socket netfilter, Socket route, Descriptor poll)
    : xfrm_{std::move(xfrm)},
      netfilter_{std::move(netfilter)},
      route_{std::move(route)},
      poll_{std::move(poll)},
      buffer_(event_room) {}

Result<Events> Events::open(Family family) {
  constexpr std::array xfrm_groups{XFRMNLGRP_SA + 0, XFRMNLGRP_POLICY + 0, XFRMNLGRP_EXPIRE + 0};
  constexpr std::array netfilter_groups{NFNLGRP_NFTABLES + 0};
  const bool ipv4 = family == Family::ipv4;
  const std::array route_groups{RTNLGRP_LINK + 0,
                                ipv4 ? RTNLGRP_IPV4_IFADDR + 0 : RTNLGRP_IPV6_IFADDR + 0,
                                ipv4 ? RTNLGRP_IPV4_ROUTE + 0 : RTNLGRP_IPV6_ROUTE + 0};
  auto xfrm = Socket::listen(NETLINK_XFRM, xfrm_groups);
  if (!xfrm) return tl::unexpected{xfrm.error()};
  auto netfilter = Socket::listen(NETLINK_NETFILTER, netfilter_groups);
  if (!netfilter) return tl::unexpected{netfilter.error()};
  auto route = Socket::listen(NETLINK_ROUTE, route_groups);
  if (!route) return tl::unexpected{route.error()};
  Descriptor poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll) return fail(errno, "watch netlink events");
  for (const Socket* socket : {&*xfrm, &*netfilter, &*route})
    if (auto done = watch(poll.get(), *socket); !done) return tl::unexpected{done.error()};
  return Events{std::move(*xfrm), std::move(*netfilter), std::move(*route), std::move(poll)};
}

bool Events::read(const EventFilter& filter, const std::function<void(const State&)>& deleted) {
  bool concerned = false;
  const auto foreign = [&](const nlmsghdr& message) {
    return !contains(filter.own_ports, message.nlmsg_pid);
  };
  const bool xfrm_whole = drain(xfrm_, buffer_.span(), [&](const nlmsghdr& m) {
    const bool concerns = xfrm_event_concerns(m, filter);
    if (concerns && m.nlmsg_type == XFRM_MSG_DELSA)
      if (const auto state = read_state_event(m)) deleted(*state);
    concerned = concerned || (concerns && foreign(m));
  });
  const bool rules_whole = drain(netfilter_, buffer_.span(), [&](const nlmsghdr& m) {
    concerned = concerned || (foreign(m) && rules_event_concerns(m, filter));
  });
  const bool route_whole = drain(route_, buffer_.span(), [&](const nlmsghdr& m) {
    concerned = concerned || (foreign(m) && route_event_concerns(m, filter));
  });
  return concerned || !xfrm_whole || !rules_whole || !route_whole;
}

}  // namespace xfrm
