// SPDX-License-Identifier: GPL-2.0-or-later
// Events: what the kernel tells of changes to its tables, sifted for those that may concern a
// plane and that others made. It tells that, not what: Plane::verify() looks.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "xfrm/ipsec/policy_codec.h"
#include "xfrm/netlink/socket.h"

namespace xfrm {

// Interest says what concerns a plane.
struct Interest {
  PolicyScope scope;
  std::string table;
  std::vector<std::string> interfaces;
  std::vector<int> indices;
  std::vector<std::uint32_t> own_ports;  // senders whose doings are no news
};

class Events {
 public:
  // open watches addresses and routes of one family, and everything else.
  [[nodiscard]] static Result<Events> open(Family family);

  // fd is readable when there are events: one descriptor over three sockets.
  [[nodiscard]] int fd() const noexcept { return *poll_; }

  // read takes all events there are and tells whether one concerns the plane. Events the kernel had
  // no room for count as such. `deleted` gets every state of the plane's that was deleted, by us as
  // well, for its last sequence number.
  [[nodiscard]] bool read(const Interest& interest,
                          const std::function<void(const State&)>& deleted);

 private:
  struct Close {
    void operator()(const int* fd) const noexcept;
  };
  using Descriptor = std::unique_ptr<const int, Close>;
  Events(Socket xfrm, Socket netfilter, Socket route, Descriptor poll);

  Socket xfrm_, netfilter_, route_;
  Descriptor poll_;
  std::vector<std::byte> buffer_;
};

// concerns tells whether one notification does. Pure; for tests.
[[nodiscard]] bool xfrm_event_concerns(const nlmsghdr& message, const Interest& interest);
[[nodiscard]] bool rules_event_concerns(const nlmsghdr& message, const Interest& interest);
[[nodiscard]] bool route_event_concerns(const nlmsghdr& message, const Interest& interest);

}  // namespace xfrm
