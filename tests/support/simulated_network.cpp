// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/simulated_network.h"

#include <algorithm>
#include <stdexcept>

namespace support {

gdoi::Address address(const std::string& dotted) {
  gdoi::Address out;
  const gdoi::Bytes octets = ks::host(dotted).data;
  std::copy(octets.begin(), octets.end(), out.bytes.begin());
  return out;
}

gdoi::Endpoint endpoint(const std::string& dotted, std::uint16_t port) {
  return {address(dotted), port};
}

ks::KeyServer& SimulatedNetwork::attach(const std::string& dotted, ks::Script script) {
  auto& place = key_servers_[endpoint(dotted)];
  place = std::make_unique<ks::KeyServer>(std::move(script));
  return *place;
}

void SimulatedNetwork::cut(const gdoi::Address& at, bool apart) {
  if (apart)
    cut_.insert(at);
  else
    cut_.erase(at);
}

void SimulatedNetwork::launch(Way way, const gdoi::Address& member,
                              const gdoi::Endpoint& key_server, gdoi::Bytes datagram) {
  if (is_cut(member) || is_cut(key_server.address)) return;
  if (tap && !tap(way, datagram)) return;
  const Weather now = weather_of ? weather_of(member, datagram) : weather;
  if (chance(now.loss_percent)) return;
  const unsigned copies = chance(now.duplicate_percent) ? 2 : 1;
  for (unsigned i = 0; i < copies; ++i) {
    auto takes = delay + up_to(now.jitter);
    if (chance(now.reorder_percent)) takes += up_to(now.reorder_by);
    wire_.push({now_ + takes, ++order_, way, member, key_server, datagram});
  }
}

bool SimulatedNetwork::step(gdoi::Instant end) {
  Member* sleeper = nullptr;
  std::optional<gdoi::Instant> due;
  for (const auto& [at, member] : members_) {
    const auto deadline = member->deadline();
    if (!deadline || (due && *due <= *deadline)) continue;
    due = deadline;
    sleeper = member;
  }
  const auto is_next = [&](gdoi::Instant when) { return when <= end && (!due || when <= *due); };
  const bool arrival = !wire_.empty() && is_next(wire_.top().arrives);
  if (!agenda_.empty() && is_next(agenda_.begin()->first) &&
      (!arrival || agenda_.begin()->first <= wire_.top().arrives)) {
    advance(agenda_.begin()->first);
    const auto what = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    what();
    return true;
  }
  if (arrival) {
    advance(wire_.top().arrives);
    const Flight flight = wire_.top();
    wire_.pop();
    land(flight);
    idle_wakes_ = 0;
    return true;
  }
  if (sleeper == nullptr || *due > end) return false;
  advance(*due);
  wake(*sleeper);
  return true;
}

void SimulatedNetwork::wake(Member& member) {
  member.wake();
  const auto after = member.deadline();
  idle_wakes_ = after && *after <= now_ ? idle_wakes_ + 1 : 0;
  if (idle_wakes_ > 2)
    throw std::logic_error{"a member asks to be woken without end; seed " + std::to_string(seed_)};
}

void SimulatedNetwork::run(gdoi::milliseconds span, const std::function<bool()>& until) {
  const gdoi::Instant end = now_ + span;
  while (!until || !until()) {
    if (step(end)) continue;
    advance(end);
    return;
  }
}

void SimulatedNetwork::land(const Flight& flight) {
  if (is_cut(flight.member) || is_cut(flight.key_server.address)) return;
  if (flight.way == Way::to_member) {
    const auto member = members_.find(flight.member);
    if (member == members_.end()) return;
    const bool floated = flight.key_server.port == gdoi::nat_traversal_port;
    member->second->receive(gdoi::Datagram::parse(flight.key_server, flight.datagram,
                                                  floated ? flight.key_server.port : 848));
    return;
  }
  // A key server listens at UDP 4500, too, and answers from where it was asked.
  auto place = flight.key_server;
  if (place.port == gdoi::nat_traversal_port) place.port = 848;
  const auto found = key_servers_.find(place);
  if (found == key_servers_.end()) return;
  const gdoi::Endpoint from{answers_from.value_or(flight.key_server.address),
                            flight.key_server.port};
  for (const auto& reply : found->second->receive(flight.datagram))
    launch(Way::to_member, flight.member, from, reply);
}

gdoi::milliseconds SimulatedNetwork::up_to(gdoi::milliseconds most) {
  if (most.count() == 0) return gdoi::milliseconds{0};
  return gdoi::milliseconds{draw(static_cast<std::uint64_t>(most.count()))};
}

}  // namespace support
