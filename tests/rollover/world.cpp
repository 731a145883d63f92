// SPDX-License-Identifier: GPL-2.0-or-later
// Time, the wire, and what is demanded of every instant.
#include "tests/rollover/world.h"

#include <sstream>

#include "tests/support/catch.h"

namespace rollover {
namespace {

// Lifetimes travel in whole seconds, and each restart may cost a TEK's knowledge another one.
constexpr seconds blur{5};

gdoi::Address host_in(unsigned net) {
  static const auto hosts = [] {
    std::array<gdoi::Address, nets + 1> out;
    for (unsigned i = 1; i <= nets; ++i)
      out[i] = support::address("10." + std::to_string(i) + ".0.10");
    return out;
  }();
  return hosts[net];
}

std::string name_of(unsigned source, unsigned destination) {
  return "10." + std::to_string(source) + ".0.10 to 10." + std::to_string(destination) + ".0.10";
}

}  // namespace

Machine::Machine(World& in, std::size_t at)
    : world{in},
      number{at},
      endpoint{support::endpoint("172.16." + std::to_string(at + 1) + ".2")},
      random{in.options_.seed * 1000 + at},
      log{agent::Level::warning, [this](agent::Level, std::string_view line) {
            world.tell("member " + std::to_string(number) + " logs: " + std::string{line});
          }} {}

void Machine::send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t) {
  world.network_.launch(support::Way::to_key_server, endpoint.address, to,
                        {datagram.begin(), datagram.end()});
}

void Machine::receive(const gdoi::Datagram& datagram) {
  if (group) group->receive(datagram, world.now());
}

std::optional<Instant> Machine::deadline() const {
  return group ? group->deadline() : std::nullopt;
}

void Machine::wake() { group->wake(world.now()); }

void World::storm(milliseconds span) {
  storming_ = true;
  at(now(), [this] { happen(); });
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
  const Instant end = now() + span;
  while (network_.step(end)) check();
  network_.advance(end);
}

void World::tick() {
  at(now() + (options_.scripted ? 60s : 5s), [this] { tick(); });
}

// weather_of: a storm takes more rekeys and acknowledgements than others, and all rekeys of a
// member that is deaf to them.
support::Weather World::weather_of(const gdoi::Address& member, const gdoi::Bytes& datagram) const {
  const auto whose = std::find_if(machines_.begin(), machines_.end(), [&](const auto& machine) {
    return machine->endpoint.address == member;
  });
  const bool push = datagram.size() > 18 && datagram[18] == std::byte{ks::groupkey_push};
  const bool ack = datagram.size() > 18 && datagram[18] == std::byte{ks::groupkey_push_ack};
  support::Weather out{0, 0, 0, 40ms, 2s};
  if (push && now() < (*whose)->deaf_until) out.loss_percent = 100;
  if (!storming_) return out;
  out.loss_percent = std::max(out.loss_percent, push || ack ? options_.push_loss_percent : 3);
  out.reorder_percent = 5;
  return out;
}

void World::tell(const std::string& event) {
  std::ostringstream out;
  out << std::chrono::duration_cast<milliseconds>(now() - Instant{} - 1h).count()
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
          << std::chrono::duration_cast<seconds>(state.expires - now()).count() << " s)";
    out << '\n';
  }
  return out.str();
}

bool World::live(const Machine& machine) const {
  const auto& states = machine.kernel.states();
  return machine.joined && std::any_of(states.begin(), states.end(), [this](const auto& state) {
           return !state.outbound && state.expires > now();
         });
}

bool World::troubled(const Machine& machine) const {
  return network_.is_cut(machine.endpoint.address) || !machine.group ||
         now() < machine.troubled_until;
}

void World::check() {
  for (const auto& machine : machines_) {
    machine->kernel.expire(now());
    for (unsigned source = 1; source <= nets; ++source)
      for (unsigned destination = 1; destination <= nets; ++destination)
        if (source != destination) check_packet(*machine, source, destination);
  }
}

void World::check_packet(Machine& from, unsigned source, unsigned destination) {
  using Kind = ModelKernel::Verdict::Kind;
  const auto verdict = from.kernel.send(host_in(source), host_in(destination), now());
  const bool listed = from.joined && revisions_[from.revision].count({source, destination}) > 0;
  const auto who = [&] {
    return "member " + std::to_string(from.number) + ", " + name_of(source, destination) + ": ";
  };
  switch (verdict.kind) {
    case Kind::clear:
      if (listed) throw Violation{who() + "passes in clear"};
      return;
    case Kind::dropped:
      counts_.dropped += 1;
      if (strict_) throw Violation{who() + "is dropped though all is well"};
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
  if (to.kernel.decrypts(state, now())) return;
  const auto what = [&](const char* why) {
    return "member " + std::to_string(from.number) + " sends under " + std::to_string(state.spi) +
           ", which member " + std::to_string(to.number) + " cannot read: " + why;
  };
  if (strict_) throw Violation{what("though all is well")};
  const auto& tek = teks_.at(state.spi);
  if (!live(to) || tek.deleted || now() > tek.ends - blur) return;
  if (to.heard.count(state.spi) > 0) throw Violation{what("it lost it before its time")};
  counts_.excused += 1;
  if (tek.early || options_.activation_delay || troubled(to)) return;
  if (now() < from.newcomer_until) return;
  // Who begins anew does not get what the key server no longer names.
  if (!options_.names_old && state.spi != group_.newest()) return;
  throw Violation{what("it could have had it")};
}

}  // namespace rollover
