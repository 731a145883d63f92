// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "agent/fd.h"
#include "agent/result.h"
#include "gdoi/ids.h"
#include "gdoi/result.h"

namespace agent {

struct Datagram {
  gdoi::Endpoint from;
  gdoi::Address to;   // ours, as the sender chose it
  gdoi::View octets;  // valid until the next receive
};

// UdpPort is our GDOI socket: one UDP port on all addresses of the network namespace. Its traffic
// is exempt from XFRM policies, so that GDOI never meets the group's own list.
class UdpPort {
 public:
  // open binds the port; that it is taken is told apart, since then another instance runs.
  [[nodiscard]] static Result<UdpPort> open(std::uint16_t port = gdoi::gdoi_port);

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }

  // send leaves from the address `source`, whatever the route would choose: it names us in phase 1.
  [[nodiscard]] Result<void> send(const gdoi::Address& source, const gdoi::Endpoint& to,
                                  gdoi::View datagram) const;

  // receive takes the next datagram; nothing when there is none now.
  [[nodiscard]] std::optional<Datagram> receive();

 private:
  explicit UdpPort(Fd fd) : fd_{std::move(fd)}, buffer_(65536) {}

  Fd fd_;
  gdoi::Bytes buffer_;
};

}  // namespace agent
