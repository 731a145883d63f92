// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/multicast_ports.h"

#include <sys/epoll.h>

#include <algorithm>

namespace agent {

MulticastPorts::MulticastPorts(EventLoop& loop, UdpPort& main, Receive receive)
    : loop_{loop}, main_{main}, receive_{std::move(receive)} {}

MulticastPorts::~MulticastPorts() {
  for (const auto& port : more_) loop_.unwatch(port.fd());
}

std::vector<Error> MulticastPorts::listen(std::span<const gdoi::Endpoint> groups,
                                          const std::vector<std::string>& interfaces) {
  leave_all();
  groups_.assign(groups.begin(), groups.end());
  interfaces_ = interfaces;
  close_unused();
  return refresh();
}

std::vector<Error> MulticastPorts::refresh() {
  std::vector<Error> out;
  for (const auto& group : groups_) {
    const auto place = port(group.port);
    if (!place) {
      out.push_back(place.error());
      continue;
    }
    for (const auto& interface : interfaces_)
      if (auto joined = (*place)->join(group.address, interface); !joined)
        out.push_back(std::move(joined.error()));
  }
  return out;
}

Result<UdpPort*> MulticastPorts::port(std::uint16_t number) {
  if (number == main_.number()) return &main_;
  for (auto& known : more_)
    if (known.number() == number) return &known;
  auto opened = UdpPort::open(number);
  if (!opened) return tl::unexpected<Error>{opened.error()};
  auto& place = more_.emplace_back(std::move(*opened));
  auto watched =
      loop_.watch(place.fd(), EPOLLIN, [this, &place](std::uint32_t) { receive_(place); });
  if (watched) return &place;
  more_.pop_back();
  return tl::unexpected<Error>{watched.error()};
}

void MulticastPorts::leave_all() {
  for (const auto& group : groups_)
    if (const auto place = port(group.port); place)
      for (const auto& interface : interfaces_) (*place)->leave(group.address, interface);
}

void MulticastPorts::close_unused() {
  more_.remove_if([this](const UdpPort& known) {
    const bool used = std::any_of(groups_.begin(), groups_.end(),
                                  [&](const auto& group) { return group.port == known.number(); });
    if (!used) loop_.unwatch(known.fd());
    return !used;
  });
}

}  // namespace agent
