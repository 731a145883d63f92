// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <list>
#include <string>

#include "agent/event_loop.h"
#include "agent/udp_port.h"

namespace agent {

// MulticastPorts takes part in the multicast groups that rekeys are sent to (RFC 6407 section 5.3):
// through our GDOI port when they come to its number, else through ports opened for them.
class MulticastPorts {
 public:
  using Receive = std::function<void(UdpPort& port)>;

  // `loop` and `main` must outlive this.
  MulticastPorts(EventLoop& loop, UdpPort& main, Receive receive);
  MulticastPorts(const MulticastPorts&) = delete;
  MulticastPorts& operator=(const MulticastPorts&) = delete;
  ~MulticastPorts();

  // listen joins `groups` on `interfaces` and leaves all others. Each error names what could not be
  // joined; the rest is joined all the same.
  [[nodiscard]] std::vector<Error> listen(std::span<const gdoi::Endpoint> groups,
                                          const std::vector<std::string>& interfaces);
  // refresh joins again what an interface that went away and came back has forgotten.
  [[nodiscard]] std::vector<Error> refresh();

 private:
  [[nodiscard]] Result<UdpPort*> port(std::uint16_t number);
  void leave_all();
  void close_unused();

  EventLoop& loop_;
  UdpPort& main_;
  Receive receive_;
  std::list<UdpPort> more_;
  std::vector<gdoi::Endpoint> groups_;
  std::vector<std::string> interfaces_;
};

}  // namespace agent
