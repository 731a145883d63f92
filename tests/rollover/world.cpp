// SPDX-License-Identifier: GPL-2.0-or-later
// Time, the wire, and what is demanded of every instant.
#include "tests/rollover/world.h"

#include <sstream>

#include "tests/support/catch.h"

namespace rollover {
namespace {

constexpr unsigned nets = 4;
// Lifetimes travel in whole seconds, and each restart may cost a TEK's knowledge another one.
constexpr seconds blur{5};

gdoi::Address host_in(unsigned net) {
  return exchange::address("10." + std::to_string(net) + ".0.10");
}

std::string name_of(unsigned source, unsigned destination) {
  return "10." + std::to_string(source) + ".0.10 to 10." + std::to_string(destination) + ".0.10";
}

}  // namespace

Machine::Machine(World& in, std::size_t at)
    : world{in},
      number{at},
      endpoint{exchange::endpoint("172.16." + std::to_string(at + 1) + ".2")},
      random{in.options_.seed * 1000 + at},
      log{agent::Level::warning, [this](agent::Level, std::string_view line) {
            world.tell("member " + std::to_string(number) + " logs: " + std::string{line});
          }} {}

void Machine::send(const gdoi::Endpoint&, gdoi::View datagram, std::uint16_t) {
  world.launch(number, false, gdoi::Bytes{datagram.begin(), datagram.end()});
}

void World::storm(milliseconds span) {
  storming_ = true;
  at(now_, [this] { happen(); });
  run(span);
  storming_ = false;
}

void World::calm(milliseconds span) { run(span); }

void World::in_calm(milliseconds span) {
  strict_ = true;
  run(span);
  strict_ = false;
}

void World::run(milliseconds span) {
  const Instant end = now_ + span;
  while (step(end)) check();
  now_ = end;
}

// step does what is next, if that is before `end`.
bool World::step(Instant end) {
  Instant next = end;
  Machine* sleeper = nullptr;
  for (const auto& machine : machines_) {
    if (!machine->group) continue;
    const auto due = machine->group->deadline();
    if (!due || *due >= next) continue;
    next = *due;
    sleeper = machine.get();
  }
  const bool event = !agenda_.empty() && agenda_.begin()->first <= next;
  if (event) next = agenda_.begin()->first;
  if (!wire_.empty() && wire_.top().arrives <= next && wire_.top().arrives < end) {
    now_ = std::max(now_, wire_.top().arrives);
    const Flight flight = wire_.top();
    wire_.pop();
    land(flight);
    return true;
  }
  if (next >= end) return false;
  now_ = std::max(now_, next);
  if (event) {
    const auto what = std::move(agenda_.begin()->second);
    agenda_.erase(agenda_.begin());
    what();
    return true;
  }
  sleeper->group->wake(now_);
  return true;
}

void World::tick() {
  at(now_ + 5s, [this] { tick(); });
}

void World::launch(std::size_t machine, bool to_member, gdoi::Bytes datagram) {
  Machine& whose = *machines_[machine];
  if (whose.cut) return;
  const bool push = datagram.size() > 18 && datagram[18] == std::byte{33};
  const bool ack = datagram.size() > 18 && datagram[18] == std::byte{35};
  if (push && now_ < whose.deaf_until) return;
  const unsigned loss = !storming_ ? 0 : push || ack ? options_.push_loss_percent : 3;
  if (draw(100) < loss) return;
  milliseconds takes{5 + draw(40)};
  if (storming_ && draw(20) == 0) takes += milliseconds{draw(2000)};
  wire_.push({now_ + takes, ++order_, to_member, machine, std::move(datagram)});
}

void World::land(const Flight& flight) {
  Machine& machine = *machines_[flight.machine];
  if (!flight.to_member) {
    for (const auto& reply : key_server_->receive(exchange::to_octets(flight.datagram)))
      launch(flight.machine, true, exchange::to_bytes(reply));
    return;
  }
  if (machine.group && !machine.cut)
    machine.group->receive(gdoi::Datagram::parse(exchange::endpoint("10.0.0.5"), flight.datagram),
                           now_);
}

void World::tell(const std::string& event) {
  std::ostringstream out;
  out << std::chrono::duration_cast<milliseconds>(now_ - Instant{} - 1h).count()
      << " ms: " << event;
  events_.push_back(out.str());
  if (events_.size() > 60) events_.pop_front();
}

std::string World::story() const {
  std::ostringstream out;
  for (const auto& event : events_) out << event << '\n';
  for (const auto& machine : machines_) {
    out << "member " << machine->number << (machine->group ? "" : " (down)") << " revision "
        << machine->revision << " states";
    for (const auto& state : machine->kernel.states())
      out << ' ' << (state.outbound ? "out " : "in ") << state.spi << " ("
          << std::chrono::duration_cast<seconds>(state.expires - now_).count() << " s)";
    out << '\n';
  }
  return out.str();
}

bool World::live(const Machine& machine) const {
  const auto& states = machine.kernel.states();
  return machine.joined && std::any_of(states.begin(), states.end(), [this](const auto& state) {
           return !state.outbound && state.expires > now_;
         });
}

bool World::troubled(const Machine& machine) const {
  return machine.cut || !machine.group || now_ < machine.troubled_until;
}

void World::check() {
  for (const auto& machine : machines_) {
    machine->kernel.expire(now_);
    for (unsigned source = 1; source <= nets; ++source)
      for (unsigned destination = 1; destination <= nets; ++destination)
        if (source != destination) check_packet(*machine, source, destination);
  }
}

void World::check_packet(Machine& from, unsigned source, unsigned destination) {
  using Kind = ModelKernel::Verdict::Kind;
  const auto verdict = from.kernel.send(host_in(source), host_in(destination), now_);
  const bool listed = from.joined && revisions_[from.revision].count({source, destination}) > 0;
  const std::string who =
      "member " + std::to_string(from.number) + ", " + name_of(source, destination) + ": ";
  switch (verdict.kind) {
    case Kind::clear:
      if (listed) throw Violation{who + "passes in clear"};
      return;
    case Kind::dropped:
      counts_.dropped += 1;
      if (strict_) throw Violation{who + "is dropped though all is well"};
      return;
    case Kind::encrypted:
      break;
  }
  counts_.encrypted += 1;
  for (const auto& to : machines_)
    if (to.get() != &from) check_receiver(from, *to, *verdict.state);
}

void World::check_receiver(const Machine& from, const Machine& to,
                           const ModelKernel::State& state) {
  if (to.kernel.decrypts(state, now_)) return;
  const auto what = [&](const char* why) {
    return "member " + std::to_string(from.number) + " sends under " + std::to_string(state.spi) +
           ", which member " + std::to_string(to.number) + " cannot read: " + why;
  };
  if (strict_) throw Violation{what("though all is well")};
  const auto& tek = teks_.at(state.spi);
  if (!live(to) || tek.deleted || now_ > tek.ends - blur) return;
  if (to.heard.count(state.spi) > 0) throw Violation{what("it lost it before its time")};
  counts_.excused += 1;
  if (tek.early || options_.activation_delay || troubled(to)) return;
  if (now_ < from.newcomer_until) return;
  // Who begins anew does not get what the key server no longer names.
  if (!options_.names_old && state.spi != group_.newest()) return;
  throw Violation{what("it could have had it")};
}

}  // namespace rollover
