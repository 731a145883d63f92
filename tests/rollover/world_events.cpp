// SPDX-License-Identifier: GPL-2.0-or-later
// What happens to members and their group.
#include <algorithm>

#include "tests/rollover/world.h"

namespace rollover {
namespace {

constexpr unsigned members = 3;

ks::LivingGroup::Config group_config(const World::Options& options) {
  ks::LivingGroup::Config out;
  out.tek_life = options.tek_life;
  out.kek_life = options.kek_life;
  out.kek.signer = &ks::Signer::ecdsa("P-256");
  out.kek.acknowledgement = 1;
  out.activation_delay = options.activation_delay;
  out.names_old = options.names_old;
  return out;
}

gdoi::MemberConfig member_config(const gdoi::Endpoint& local) {
  auto out = exchange::member_config({"10.0.0.5"});
  out.local_address = local.address;
  return out;
}

}  // namespace

World::World(Options options)
    : options_{options}, network_{options.seed}, group_{group_config(options), now()} {
  network_.delay = 5ms;
  network_.weather_of = [this](const auto& member, const auto& datagram) {
    return weather_of(member, datagram);
  };
  revisions_.push_back({{1, 3}, {3, 1}});
  ks::Script script;
  script.group_now = [this] {
    ks::Group out = group_.at(now());
    note_teks(true);
    return out;
  };
  script.rekeyer = group_.rekeyer();
  network_.attach("10.0.0.5", std::move(script));
  note_teks(true);
  for (std::size_t i = 0; i < members; ++i)
    machines_.push_back(std::make_unique<Machine>(*this, i));
  for (const auto& machine : machines_) network_.attach(machine->endpoint.address, *machine);
  tick();
  if (options_.scripted) return;
  for (const auto& machine : machines_) start(*machine);
  schedule_rekey();
}

void World::start(Machine& machine) {
  machine.plane = std::make_unique<ModelPlane>(machine.kernel, now());
  machine.plane->refused = [this, &machine] { trouble(machine, 1min); };
  machine.plane->before = [this, &machine] {
    machine.kernel.expire(now());
    const auto& states = machine.kernel.states();
    // What a predecessor sent on is known for what it is only if the key server still names it.
    const bool knows = options_.names_old || machine.group->sa_table().from();
    machine.sending = knows && std::any_of(states.begin(), states.end(), [this](const auto& state) {
                        return state.outbound && !teks_.at(state.spi).deleted;
                      });
  };
  machine.plane->applied = [this, &machine](const auto& what) { on_apply(machine, what); };
  agent::GroupOptions options;
  options.names = {"100", machine.endpoint.address};
  options.interfaces = {"wan0"};
  options.fail_close = machine.fail_close;
  machine.group = std::make_unique<agent::GroupSession>(
      std::move(options), member_config(machine.endpoint),
      agent::SessionServices{machine.random, *machine.plane, machine, machine.spis, machine.log});
  if (!machine.group->start(now())) throw Violation{"a group did not start"};
  trouble(machine, 30s);
}

void World::on_apply(Machine& machine, const agent::Installation& installation) {
  counts_.installed += 1;
  for (const auto& use : installation.teks) {
    machine.joined = true;
    machine.revision = std::max(machine.revision, teks_.at(use.tek->spi.value).revision);
  }
  for (const auto& state : machine.kernel.states())
    if (!state.outbound) machine.heard.insert(state.spi);
  // Where the key server names its newest TEK only, a member without any key, or with none that is
  // the group's, has to take it: others have it when the older ones end.
  const auto& states = machine.kernel.states();
  const bool sends =
      std::any_of(states.begin(), states.end(), [](const auto& state) { return state.outbound; });
  if (!options_.names_old && !machine.sending && sends)
    machine.newcomer_until = now() + options_.tek_life / 10;
}

// note_teks remembers a TEK that the key server has just made.
void World::note_teks(bool early) {
  const auto newest = group_.newest();
  if (teks_.count(newest) > 0) return;
  teks_[newest] = {now() + options_.tek_life, static_cast<unsigned>(revisions_.size() - 1), early,
                   false};
  tell("the key server makes TEK " + std::to_string(newest));
}

void World::schedule_rekey() {
  at(group_.next_rekey(), [this] {
    if (now() >= group_.next_rekey()) {  // else the group was changed in the meantime
      push_copies(group_.rekey(now()));
      note_teks(false);
    }
    schedule_rekey();
  });
}

void World::push(const ks::Octets& datagram) {
  counts_.pushes += 1;
  for (const auto& machine : machines_)
    network_.launch(support::Way::to_member, machine->endpoint.address,
                    support::endpoint("10.0.0.5"), datagram);
}

void World::push_copies(const ks::Octets& datagram) {
  epoch_ += 1;
  push(datagram);
  for (const auto pause : {10s, 20s})
    at(now() + pause, [this, datagram, epoch = epoch_] {
      if (epoch == epoch_) push(datagram);
    });
}

void World::trouble(Machine& machine, milliseconds span) {
  machine.troubled_until = std::max(machine.troubled_until, now() + span);
}

void World::happen() {
  if (!storming_) return;
  at(now() + 1s * (1 + draw(300)), [this] { happen(); });
  Machine& machine = *machines_[draw(members)];
  switch (draw(12)) {
    case 0:
    case 1:
    case 2:
      return restart_daemon(machine);
    case 3:
      return cut_link(machine);
    case 4:
    case 5:
      machine.deaf_until = now() + 1min * (1 + draw(90));
      return tell("member " + std::to_string(machine.number) + " is deaf to pushes");
    case 6:
      if (options_.changes) change_list();
      return;
    case 7:
      if (options_.clears && draw(3) == 0) clear_group();
      return;
    case 8:
      // The operator asks for what the key server has now, whether others have it yet or not.
      if (machine.group) machine.group->reregister(now());
      machine.newcomer_until = now() + options_.tek_life / 10;
      return tell("member " + std::to_string(machine.number) + " registers again");
    case 9:
      if (machine.plane) machine.plane->refusals = static_cast<unsigned>(1 + draw(2));
      return tell("the kernel of member " + std::to_string(machine.number) + " will refuse");
    case 10:
      return stop_and_start(machine, draw(2) == 0);
    default:
      if (!machine.group) return;
      tell("member " + std::to_string(machine.number) + " starts over");
      if (machine.group->clear(now())) machine.heard.clear();
      return trouble(machine, 30s);
  }
}

void World::restart_daemon(Machine& machine) {
  if (!machine.group) return;
  counts_.restarts += 1;
  const bool crash = draw(2) == 0;
  const auto down = draw(4) == 0 ? 1s * draw(900) : 1ms * draw(5000);
  tell("the daemon of member " + std::to_string(machine.number) +
       (crash ? " crashes" : " is restarted"));
  if (!crash) machine.group->leave(now());
  machine.group.reset();
  machine.plane.reset();
  at(now() + down, [this, &machine] {
    tell("the daemon of member " + std::to_string(machine.number) + " is back");
    start(machine);
  });
}

void World::cut_link(Machine& machine) {
  const auto length = 1min * (1 + draw(60));
  tell("member " + std::to_string(machine.number) + " is cut off");
  network_.cut(machine.endpoint.address, true);
  trouble(machine, length + 10min);  // it may be resting when the line is mended
  at(now() + length, [this, &machine] {
    network_.cut(machine.endpoint.address, false);
    tell("member " + std::to_string(machine.number) + " is within reach");
  });
}

World::Lines World::random_lines() {
  Lines out;
  while (out.empty())
    for (unsigned a = 1; a <= nets; ++a)
      for (unsigned b = a + 1; b <= nets; ++b)
        if (draw(2) == 0) {
          out.insert({a, b});
          out.insert({b, a});
        }
  return out;
}

std::vector<std::pair<ks::Id, ks::Id>> World::ids_of(const Lines& lines) {
  const auto net = [](unsigned n) { return ks::subnet("10." + std::to_string(n) + ".0.0", 24); };
  std::vector<std::pair<ks::Id, ks::Id>> out;
  for (const auto& [a, b] : lines)
    if (a < b) out.emplace_back(net(a), net(b));
  return out;
}

void World::change_list() {
  const auto lines = random_lines();
  revisions_.push_back(lines);
  tell("the list changes");
  const auto datagram = group_.change(ids_of(lines), now());
  note_teks(true);
  push_copies(datagram);
}

void World::clear_group() {
  tell("the group is cleared");
  for (auto& [spi, tek] : teks_) tek.deleted = true;
  const auto datagram = group_.restart(now());
  note_teks(true);
  push_copies(datagram);
}

// stop_and_start: nothing is left of a member that said good-bye, or whose machine was rebooted.
void World::stop_and_start(Machine& machine, bool reboot) {
  if (!machine.group) return;
  tell("member " + std::to_string(machine.number) + (reboot ? " reboots" : " stops"));
  if (!reboot && !machine.group->stop(now())) throw Violation{"a group did not stop"};
  machine.group.reset();
  machine.plane.reset();
  if (reboot) machine.kernel.clear();
  machine.joined = false;
  machine.heard.clear();
  machine.revision = 0;
  at(now() + 1s * (1 + draw(300)), [this, &machine] {
    tell("member " + std::to_string(machine.number) + " starts");
    start(machine);
  });
}

}  // namespace rollover
