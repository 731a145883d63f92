// SPDX-License-Identifier: GPL-2.0-or-later
// RouteSocket: libnl's socket on NETLINK_ROUTE, its handles as unique_ptr, its errors as ours.
#pragma once

#include <netlink/addr.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>

#include <cstdint>
#include <memory>
#include <string>

#include "xfrm/base/freed_by.h"
#include "xfrm/base/result.h"
#include "xfrm/base/types.h"

namespace xfrm {

using NlSocket = std::unique_ptr<nl_sock, FreedBy<nl_socket_free>>;
using NlAddress = std::unique_ptr<nl_addr, FreedBy<nl_addr_put>>;
using NlLink = std::unique_ptr<rtnl_link, FreedBy<rtnl_link_put>>;
using NlRoute = std::unique_ptr<rtnl_route, FreedBy<rtnl_route_put>>;
using NlLocalAddress = std::unique_ptr<rtnl_addr, FreedBy<rtnl_addr_put>>;
using NlCache = std::unique_ptr<nl_cache, FreedBy<nl_cache_free>>;
using NlMessage = std::unique_ptr<nl_msg, FreedBy<nlmsg_free>>;

[[nodiscard]] Result<NlSocket> open_route_socket();

// errno_of turns libnl's negative code into the errno nearest to it.
[[nodiscard]] int errno_of(int nl_code);
[[nodiscard]] tl::unexpected<Error> nl_fail(int nl_code, std::string what);

// look_up_route asks the kernel (RTM_GETROUTE) how it would send to `destination`: its own
// decision, not a search in a copy of its tables, which may be those of the whole Internet.
// `interface` forces the way out unless 0; `flags` are RTM_F_....
[[nodiscard]] Result<NlRoute> look_up_route(nl_sock* socket, const Address& destination,
                                            int interface, std::uint32_t flags,
                                            const std::string& what);

[[nodiscard]] NlAddress to_nl(const Address& address);
[[nodiscard]] Address from_nl(const nl_addr* address);

}  // namespace xfrm
