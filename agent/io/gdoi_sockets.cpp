// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/io/gdoi_sockets.h"

#include <sys/epoll.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/io/nat_framing.h"

namespace agent {
namespace {

using Family = gdoi::Address::Family;

bool is_standing(std::uint16_t number) noexcept {
  return number == gdoi::gdoi_port || number == gdoi::nat_traversal_port;
}

// A kernel without IPv6 is no reason not to serve IPv4. Who needs it hears of it when sending.
bool has(Family family) {
  const Fd trial{::socket(kernel_family(family), SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  return static_cast<bool>(trial) || errno != EAFNOSUPPORT;
}

}  // namespace

Result<std::unique_ptr<GdoiSockets>> GdoiSockets::open(EventLoop& loop, std::string device,
                                                       Receive receive, Beside beside) {
  std::unique_ptr<GdoiSockets> out{
      new GdoiSockets{loop, std::move(device), std::move(receive), std::move(beside)}};
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (family == Family::ipv6 && !has(family)) continue;
    if (const auto opened = out->port(gdoi::gdoi_port, family); !opened)
      return tl::unexpected<Error>{opened.error()};
  }
  return out;
}

GdoiSockets::~GdoiSockets() {
  for (const auto& port : ports_) loop_.unwatch(port.fd());
}

Result<void> GdoiSockets::hold_nat_traversal(bool hold) {
  Result<void> out;
  for (const auto family : {Family::ipv4, Family::ipv6}) {
    if (!hold) {
      if (auto* known = find(gdoi::nat_traversal_port, family)) close(*known);
    } else if (find(gdoi::gdoi_port, family) != nullptr) {
      const auto opened = port(gdoi::nat_traversal_port, family);
      if (!opened && out) out = tl::unexpected<Error>{opened.error()};
    }
  }
  return out;
}

void GdoiSockets::close(UdpPort& port) {
  loop_.unwatch(port.fd());
  ports_.remove_if([&](const UdpPort& known) { return &known == &port; });
}

Result<void> GdoiSockets::send(const gdoi::Endpoint& from, const gdoi::Endpoint& to,
                               gdoi::View datagram) {
  const auto place = port(from.port, to.address.family);
  if (!place) return tl::unexpected<Error>{place.error()};
  if (from.port == gdoi::nat_traversal_port)
    return (*place)->send(from.address, to, framed(datagram));
  return (*place)->send(from.address, to, datagram);
}

std::vector<Error> GdoiSockets::listen(Listener listener, std::span<const gdoi::Endpoint> groups,
                                       std::span<const std::string> interfaces) {
  const auto before = joins();
  auto& mine = listeners_[listener];
  mine.clear();
  for (const auto& group : groups)
    for (const auto& interface : interfaces) mine.emplace(group, interface);

  const auto wanted = joins();
  for (const auto& join : before)
    if (wanted.count(join) == 0) leave(join);
  close_unused(wanted);
  return refresh();
}

std::vector<Error> GdoiSockets::refresh() {
  std::vector<Error> out;
  for (const auto& [group, interface] : joins()) {
    const auto place = port(group.port, group.address.family);
    auto joined = place ? (*place)->join(group.address, interface)
                        : Result<void>{tl::unexpected<Error>{place.error()}};
    if (!joined) out.push_back(std::move(joined.error()));
  }
  return out;
}

UdpPort* GdoiSockets::find(std::uint16_t number, Family family) noexcept {
  const auto found = std::find_if(ports_.begin(), ports_.end(), [&](const UdpPort& known) {
    return known.name().number == number && known.name().family == family;
  });
  return found == ports_.end() ? nullptr : &*found;
}

Result<UdpPort*> GdoiSockets::port(std::uint16_t number, Family family) {
  if (auto* known = find(number, family)) return known;
  const PortName name{number, family, device_};
  auto opened = UdpPort::open(name, beside_ ? beside_(name) : std::vector<const UdpPort*>{});
  if (!opened) return tl::unexpected<Error>{opened.error()};
  auto& place = ports_.emplace_back(std::move(*opened));
  auto watched = loop_.watch(place.fd(), EPOLLIN, [this, &place](std::uint32_t) { read(place); });
  if (watched) return &place;
  ports_.pop_back();
  return tl::unexpected<Error>{watched.error()};
}

void GdoiSockets::read(UdpPort& port) {
  // Some at a time, so that a flood cannot keep timers and signals waiting. Whoever receives may
  // have this port closed.
  const auto name = port.name();
  for (int i = 0; i < 64 && find(name.number, name.family) == &port; ++i) {
    auto datagram = port.receive();
    if (!datagram) return;
    if (name.number == gdoi::nat_traversal_port) {
      const auto message = unframed(datagram->octets);
      if (!message) continue;
      datagram->octets = *message;
    }
    receive_(*datagram);
  }
}

std::set<GdoiSockets::MulticastJoin> GdoiSockets::joins() const {
  std::set<MulticastJoin> out;
  for (const auto& [listener, theirs] : listeners_) out.insert(theirs.begin(), theirs.end());
  return out;
}

void GdoiSockets::leave(const MulticastJoin& join) {
  const auto& [group, interface] = join;
  if (const auto* place = find(group.port, group.address.family))
    place->leave(group.address, interface);
}

// close_unused closes the ports of multicast groups that nobody listens to any more.
void GdoiSockets::close_unused(const std::set<MulticastJoin>& wanted) {
  ports_.remove_if([&](const UdpPort& known) {
    const auto& name = known.name();
    const bool used = is_standing(name.number) ||
                      std::any_of(wanted.begin(), wanted.end(), [&](const MulticastJoin& join) {
                        const auto& group = std::get<0>(join);
                        return group.port == name.number && group.address.family == name.family;
                      });
    if (!used) loop_.unwatch(known.fd());
    return !used;
  });
}

}  // namespace agent
