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

std::vector<Error> MulticastPorts::listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                                          const std::vector<std::string>& interfaces) {
  auto before = std::move(wishes_);
  wishes_.clear();
  for (const auto& wish : before)
    if (wish.listener != listener) wishes_.push_back(wish);
  for (const auto& group : groups)
    for (const auto& interface : interfaces) wishes_.push_back({listener, {group, interface}});
  for (const auto& wish : before)
    if (!wanted(wish.what)) leave(wish.what);
  close_unused();
  return refresh();
}

std::vector<Error> MulticastPorts::refresh() {
  std::vector<Error> out;
  for (const auto& [listener, what] : wishes_) {
    const auto place = port(what.group.port);
    if (!place) {
      out.push_back(place.error());
      continue;
    }
    if (auto joined = (*place)->join(what.group.address, what.interface); !joined)
      out.push_back(std::move(joined.error()));
  }
  return out;
}

bool MulticastPorts::wanted(const Membership& membership) const {
  return std::any_of(wishes_.begin(), wishes_.end(),
                     [&](const Wish& wish) { return wish.what == membership; });
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

void MulticastPorts::leave(const Membership& membership) {
  if (const auto place = port(membership.group.port); place)
    (*place)->leave(membership.group.address, membership.interface);
}

void MulticastPorts::close_unused() {
  more_.remove_if([this](const UdpPort& known) {
    const bool used = std::any_of(wishes_.begin(), wishes_.end(), [&](const Wish& wish) {
      return wish.what.group.port == known.number();
    });
    if (!used) loop_.unwatch(known.fd());
    return !used;
  });
}

}  // namespace agent
