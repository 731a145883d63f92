// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/network.h"

#include "agent/address.h"

namespace agent {

Result<std::unique_ptr<Network>> Network::open(EventLoop& loop, const Log& log, Receive receive) {
  auto sockets = GdoiSockets::open(loop, {}, std::move(receive));
  if (!sockets) return tl::unexpected<Error>{sockets.error()};
  return std::unique_ptr<Network>{new Network{log, std::move(*sockets)}};
}

void Network::send(const gdoi::Endpoint& from, const gdoi::Endpoint& to, gdoi::View datagram) {
  auto sent = sockets_->send(from, to, datagram);
  if (!sent) send_failures_.count(sent.error().what, to_string(to), boot_time());
}

void Network::listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                     const std::vector<std::string>& interfaces) {
  complain(sockets_->listen(listener, groups, interfaces));
}

void Network::refresh() { complain(sockets_->refresh()); }

void Network::complain(const std::vector<Error>& errors) const {
  for (const auto& error : errors) log_.error("rekeys by multicast: {}", error.what);
}

void Network::wake(Instant now) {
  if (const auto summary = send_failures_.summary(now)) log_.warning("{}", *summary);
}

}  // namespace agent
