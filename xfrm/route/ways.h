// SPDX-License-Identifier: GPL-2.0-or-later
// By which interfaces traffic may leave this router: all next hops of a route, all default routes.
// Interfaces that lead nowhere else, lo and the device of a VRF, are never among them.
#pragma once

#include <string>
#include <vector>

#include "xfrm/base/result.h"
#include "xfrm/base/types.h"

namespace xfrm {

// interfaces_to lists the interfaces of all next hops of the route to `destination`, in `vrf`
// unless that is empty. No route is an error (ENETUNREACH).
[[nodiscard]] Result<std::vector<std::string>> interfaces_to(const Address& destination,
                                                             const std::string& vrf);

// default_interfaces lists those of all default routes of both families: of the table of `vrf`, or,
// when that is empty, of every table that is not a VRF's. It reads whole tables: on a router that
// has the Internet's routes that takes a second.
[[nodiscard]] Result<std::vector<std::string>> default_interfaces(const std::string& vrf);

// interfaces_like lists the interfaces there are whose names begin with `beginning`.
[[nodiscard]] Result<std::vector<std::string>> interfaces_like(const std::string& beginning);

}  // namespace xfrm
