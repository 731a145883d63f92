// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "agent/io/event_loop.h"
#include "agent/io/udp_port.h"

namespace agent {

// GdoiSockets are all UDP ports by which key servers are heard and spoken to in one routing domain
// (the network namespace, or a VRF): 848 for both address families, 4500 for NAT traversal (RFC
// 3947), and, opened when they are first needed, the ports of multicast groups that rekeys go to.
// Several groups may share them: what comes in goes to one receiver, whose business it is to tell
// whose it is.
class GdoiSockets {
 public:
  using Receive = std::function<void(const Datagram& datagram)>;
  // Whoever takes part in multicast groups is known by an address of his own.
  using Listener = const void*;
  // Beside tells which ports with that number and family other domains have.
  using Beside = std::function<std::vector<const UdpPort*>(const PortName& name)>;

  // open binds UDP 848: IPv4, and IPv6 where the kernel has it. `device` is the VRF (or interface)
  // to bind to, empty for none. `loop` must outlive the sockets.
  [[nodiscard]] static Result<std::unique_ptr<GdoiSockets>> open(EventLoop& loop,
                                                                 std::string device,
                                                                 Receive receive,
                                                                 Beside beside = {});
  GdoiSockets(const GdoiSockets&) = delete;
  GdoiSockets& operator=(const GdoiSockets&) = delete;
  ~GdoiSockets();

  // hold_nat_traversal opens UDP 4500 for both families, so that nobody else takes it before it is
  // needed, or closes it. The error says what could not be opened; send() tries again.
  [[nodiscard]] Result<void> hold_nat_traversal(bool hold);

  // send leaves from the address and the port `from`; the kernel chooses an address that is
  // unspecified. Port 4500 frames what it carries as RFC 3948 says; others do not.
  [[nodiscard]] Result<void> send(const gdoi::Endpoint& from, const gdoi::Endpoint& to,
                                  gdoi::View datagram);

  // listen takes part in `groups` on `interfaces` for `listener`, and no longer in others for it.
  // Each error names what could not be joined; the rest is joined all the same.
  [[nodiscard]] std::vector<Error> listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                                          std::span<const std::string> interfaces);
  // refresh joins again what an interface that went away and came back has forgotten.
  [[nodiscard]] std::vector<Error> refresh();

  [[nodiscard]] UdpPort* find(std::uint16_t number, gdoi::Address::Family family) noexcept;

 private:
  using MulticastJoin = std::tuple<gdoi::Endpoint, std::string>;  // a group and an interface

  GdoiSockets(EventLoop& loop, std::string device, Receive receive, Beside beside)
      : loop_{loop},
        device_{std::move(device)},
        receive_{std::move(receive)},
        beside_{std::move(beside)} {}
  [[nodiscard]] Result<UdpPort*> port(std::uint16_t number, gdoi::Address::Family family);
  void read(UdpPort& port);
  void close(UdpPort& port);
  [[nodiscard]] std::set<MulticastJoin> joins() const;
  void leave(const MulticastJoin& join);
  void close_unused(const std::set<MulticastJoin>& wanted);

  EventLoop& loop_;
  std::string device_;
  Receive receive_;
  Beside beside_;
  std::list<UdpPort> ports_;
  std::map<Listener, std::set<MulticastJoin>> listeners_;
};

}  // namespace agent
