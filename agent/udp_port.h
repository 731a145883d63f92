// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>

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
  [[nodiscard]] std::uint16_t number() const noexcept { return number_; }

  // join takes part in a multicast group on one interface; to do so twice is no error.
  [[nodiscard]] Result<void> join(const gdoi::Address& group, const std::string& interface) const;
  void leave(const gdoi::Address& group, const std::string& interface) const noexcept;

  // send leaves from the address `source`, whatever the route would choose: it names us in phase 1.
  [[nodiscard]] Result<void> send(const gdoi::Address& source, const gdoi::Endpoint& to,
                                  gdoi::View datagram) const;

  // receive takes the next datagram; nothing when there is none now.
  [[nodiscard]] std::optional<Datagram> receive();

 private:
  UdpPort(Fd fd, std::uint16_t number) : fd_{std::move(fd)}, number_{number}, buffer_(65536) {}

  Fd fd_;
  std::uint16_t number_;
  gdoi::Bytes buffer_;
};

}  // namespace agent
