// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <functional>
#include <list>
#include <string>

#include "agent/event_loop.h"
#include "agent/udp_port.h"

namespace agent {

// MulticastPorts takes part in the multicast groups that rekeys are sent to (RFC 6407 section 5.3):
// through our GDOI port when they come to its number, else through ports opened for them. Several
// listeners may want the same one; it is left when the last of them does not want it any more.
class MulticastPorts {
 public:
  using Receive = std::function<void(UdpPort& port)>;
  using Listener = const void*;

  // `loop` and `main` must outlive this.
  MulticastPorts(EventLoop& loop, UdpPort& main, Receive receive);
  MulticastPorts(const MulticastPorts&) = delete;
  MulticastPorts& operator=(const MulticastPorts&) = delete;
  ~MulticastPorts();

  // listen joins `groups` on `interfaces` and leaves what `listener` had before. Each error names
  // what could not be joined; the rest is joined all the same.
  [[nodiscard]] std::vector<Error> listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                                          const std::vector<std::string>& interfaces);
  // refresh joins again what an interface that went away and came back has forgotten.
  [[nodiscard]] std::vector<Error> refresh();

 private:
  struct Membership {
    gdoi::Endpoint group;
    std::string interface;
    friend bool operator==(const Membership&, const Membership&) = default;
  };
  struct Wish {
    Listener listener;
    Membership what;
  };

  [[nodiscard]] bool wanted(const Membership& membership) const;
  [[nodiscard]] Result<UdpPort*> port(std::uint16_t number);
  void leave(const Membership& membership);
  void close_unused();

  EventLoop& loop_;
  UdpPort& main_;
  Receive receive_;
  std::list<UdpPort> more_;
  std::vector<Wish> wishes_;
};

}  // namespace agent
