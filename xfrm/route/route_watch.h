// SPDX-License-Identifier: GPL-2.0-or-later
// RouteWatch: the kernel's notifications that traffic may take another way.
#pragma once

#include "xfrm/base/buffer.h"
#include "xfrm/base/result.h"
#include "xfrm/netlink/socket.h"

namespace xfrm {

class RouteWatch {
 public:
  // open listens to links, addresses and routes of both families, in the network namespace the
  // caller is in.
  [[nodiscard]] static Result<RouteWatch> open();

  // fd is readable when there are notifications.
  [[nodiscard]] int fd() const noexcept { return socket_.fd(); }

  struct Changes {
    bool any = false;   // some route or address, or what follows
    bool ways = false;  // a link, or a default route: other interfaces may lead out of the router
  };
  // read takes all notifications there are. Those the kernel had no room for count as changes.
  [[nodiscard]] Changes read();

 private:
  explicit RouteWatch(Socket socket);

  Socket socket_;
  Buffer buffer_;
};

}  // namespace xfrm
