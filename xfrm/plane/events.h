// SPDX-License-Identifier: GPL-2.0-or-later
// Events: the kernel's notifications of changes to its tables, filtered for those that may concern
// a plane and that others made. It tells that something changed, not what: Plane::verify() looks.
#pragma once

#include <functional>

#include "xfrm/base/buffer.h"
#include "xfrm/base/descriptor.h"
#include "xfrm/ipsec/sa_codec.h"
#include "xfrm/netlink/socket.h"
#include "xfrm/plane/event_filter.h"

namespace xfrm {

class Events {
 public:
  // open watches addresses and routes of one family, and everything else.
  [[nodiscard]] static Result<Events> open(Family family);

  // fd is readable when there are events: one descriptor over three sockets.
  [[nodiscard]] int fd() const noexcept { return poll_.get(); }

  // read takes all events there are and tells whether one concerns the plane. Events the kernel had
  // no room for count as such. `deleted` gets every state of the plane's that was deleted, by us as
  // well, for its last sequence number.
  [[nodiscard]] bool read(const EventFilter& filter,
                          const std::function<void(const State&)>& deleted);

 private:
  Events(Socket xfrm, Socket netfilter, Socket route, Descriptor poll);

  Socket xfrm_, netfilter_, route_;
  Descriptor poll_;
  Buffer buffer_;
};

}  // namespace xfrm
