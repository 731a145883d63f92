// SPDX-License-Identifier: GPL-2.0-or-later
// What waits on a socket that listens, message by message.
#pragma once

#include <libmnl/libmnl.h>
#include <linux/netlink.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "xfrm/netlink/socket.h"

namespace xfrm {

// Room for one datagram of notifications.
inline constexpr std::size_t event_room = 32768;

// drain calls `each` with every message that waits. False when the kernel had to drop some.
template <class Each>
bool drain(const Socket& socket, std::span<std::byte> buffer, Each&& each) {
  bool whole = true;
  for (;;) {
    const auto got = socket.receive(buffer);
    if (got == -EAGAIN || got == -EWOULDBLOCK) return whole;
    if (got < 0) {
      whole = false;
      if (got == -ENOBUFS || got == -EMSGSIZE) continue;
      return false;
    }
    int left = static_cast<int>(got);
    const auto* message = reinterpret_cast<const nlmsghdr*>(buffer.data());
    for (; ::mnl_nlmsg_ok(message, left); message = ::mnl_nlmsg_next(message, &left))
      each(*message);
    ::explicit_bzero(buffer.data(), static_cast<std::size_t>(got));  // states come with their keys
  }
}

}  // namespace xfrm
