// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/multicast_ports.h"
#include "agent/tally.h"

namespace agent {

// Network is the process's sockets, as its groups share them: the GDOI port and what rekeys by
// multicast need.
class Network {
 public:
  // Whoever takes part in multicast groups is known by an address of his own.
  using Listener = const void*;
  using Receive = std::function<void(const Datagram& datagram)>;

  // open makes the sockets; `loop` and `log` must outlive the network. `receive` is called from the
  // loop once for each datagram, which is valid until it returns.
  [[nodiscard]] static Result<std::unique_ptr<Network>> open(EventLoop& loop, const Log& log,
                                                             Receive receive);
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;
  ~Network();

  // send leaves from the address `source`. What cannot be sent is counted, and told of now and
  // then.
  void send(const gdoi::Address& source, const gdoi::Endpoint& to, gdoi::View datagram);

  // listen has `listener` take part in these multicast groups on these interfaces, and in no
  // others.
  void listen(Listener listener, std::span<const gdoi::Endpoint> groups,
              const std::vector<std::string>& interfaces);

  // refresh joins again what an interface that went away and came back has forgotten.
  void refresh();

  void wake(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const { return send_failures_.deadline(); }

 private:
  Network(EventLoop& loop, const Log& log, UdpPort port, Receive receive);
  void read(UdpPort& port);
  void complain(const std::vector<Error>& errors) const;

  EventLoop& loop_;
  const Log& log_;
  UdpPort port_;
  Receive receive_;
  MulticastPorts multicast_;
  Tally send_failures_{"datagrams could not be sent", seconds{60}};
};

}  // namespace agent
