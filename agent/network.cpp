// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/network.h"

#include <sys/epoll.h>

#include "agent/address.h"

namespace agent {

Result<std::unique_ptr<Network>> Network::open(EventLoop& loop, const Log& log, Receive receive) {
  auto port = UdpPort::open();
  if (!port) return tl::unexpected<Error>{port.error()};
  std::unique_ptr<Network> out{new Network{loop, log, std::move(*port), std::move(receive)}};
  auto* self = out.get();
  auto watched =
      loop.watch(self->port_.fd(), EPOLLIN, [self](std::uint32_t) { self->read(self->port_); });
  if (!watched) return tl::unexpected<Error>{watched.error()};
  return out;
}

Network::Network(EventLoop& loop, const Log& log, UdpPort port, Receive receive)
    : loop_{loop},
      log_{log},
      port_{std::move(port)},
      receive_{std::move(receive)},
      multicast_{loop_, port_, [this](UdpPort& other) { read(other); }} {}

Network::~Network() { loop_.unwatch(port_.fd()); }

void Network::read(UdpPort& port) {
  // Some at a time, so that a flood cannot keep timers and signals waiting.
  for (int i = 0; i < 64; ++i) {
    const auto datagram = port.receive();
    if (!datagram) return;
    receive_(*datagram);
  }
}

void Network::send(const gdoi::Address& source, const gdoi::Endpoint& to, gdoi::View datagram) {
  auto sent = port_.send(source, to, datagram);
  if (!sent) send_failures_.count(sent.error().what, to_string(to), boot_time());
}

void Network::listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                     const std::vector<std::string>& interfaces) {
  complain(multicast_.listen(listener, groups, interfaces));
}

void Network::refresh() { complain(multicast_.refresh()); }

void Network::complain(const std::vector<Error>& errors) const {
  for (const auto& error : errors) log_.error("rekeys by multicast: {}", error.what);
}

void Network::wake(Instant now) {
  if (const auto summary = send_failures_.summary(now)) log_.warning("{}", *summary);
}

}  // namespace agent
