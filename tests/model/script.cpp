// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/model/script.h"

#include <algorithm>

namespace rollover {
namespace {

constexpr seconds tek_life{7200};
// An attempt that failed is followed by a pause of 300 s and a quarter at most.
constexpr seconds longest_pause{400};

World::Options options_of(std::uint64_t seed) {
  World::Options out;
  out.seed = seed;
  out.tek_life = tek_life;
  out.kek_life = 1000 * tek_life;
  out.scripted = true;
  return out;
}

}  // namespace

Script::Script(std::uint64_t seed) : world_{options_of(seed)}, old_{world_.group_.newest()} {
  machine(0).fail_close = true;
}

// settle is long enough for a registration where nothing is lost.
void Script::settle() { world_.calm(2s); }

void Script::start(std::size_t member) {
  world_.start(machine(member));
  settle();
}

void Script::crash(std::size_t member) {
  machine(member).group.reset();
  machine(member).plane.reset();
  settle();
}

void Script::stop(std::size_t member) {
  auto& stopping = machine(member);
  if (!stopping.group->stop(world_.now())) throw Violation{"a group did not stop"};
  stopping.joined = false;
  stopping.heard.clear();
  crash(member);
}

void Script::clear(std::size_t member) {
  auto& clearing = machine(member);
  if (!clearing.group->clear(world_.now())) throw Violation{"keys were not dropped"};
  clearing.heard.clear();
  world_.trouble(clearing, 30s);
  settle();
}

void Script::cut(std::size_t member) {
  world_.network_.cut(machine(member).endpoint.address, true);
  settle();
}

void Script::mend(std::size_t member) {
  world_.trouble(machine(member), longest_pause);
  world_.network_.cut(machine(member).endpoint.address, false);
  world_.calm(longest_pause);
}

void Script::push(std::size_t member) {
  world_.network_.launch(support::Way::to_member, machine(member).endpoint.address,
                         support::endpoint("10.0.0.5"), world_.group_.again(world_.now()));
  settle();
}

void Script::enter(unsigned phase) {
  const auto until = [this](Instant when) {
    if (when < world_.now()) throw Violation{"the script has no time left in its phase"};
    world_.calm(std::chrono::ceil<milliseconds>(when - world_.now()));
  };
  switch (phase) {
    case 1:
      until(world_.group_.next_rekey());
      old_ends_ = world_.group_.next_rekey() + tek_life / 10;
      (void)world_.group_.rekey(world_.now());  // push() tells it whom the model says
      world_.note_teks(false);
      new_ = world_.group_.newest();
      return;
    case 2:  // the last registration for want of the new TEK begins 60 s before the old one's end
      return until(old_ends_ - 50s);
    case 3:  // sending changes over 30 s before it
      return until(old_ends_ - 28s);
    default:
      until(old_ends_ + 3s);
      old_ = new_;
      new_ = 0;
      return;
  }
}

Script::Seen Script::seen(std::size_t member) const {
  using Kind = ModelKernel::Verdict::Kind;
  const auto& from = *world_.machines_.at(member);
  Seen out;
  out.up = from.group != nullptr;
  for (const auto& state : from.kernel.states()) {
    if (state.outbound || state.expires <= world_.now()) continue;
    out.in_old = out.in_old || state.spi == old_;
    out.in_new = out.in_new || state.spi == new_;
  }
  const auto host = [](const char* dotted) { return support::address(dotted); };
  const auto listed = from.kernel.send(host("10.1.0.10"), host("10.3.0.10"), world_.now());
  if (listed.kind == Kind::dropped) out.listed = Seen::Listed::dropped;
  if (listed.kind == Kind::encrypted)
    out.listed = listed.state->spi == old_   ? Seen::Listed::old_tek
                 : listed.state->spi == new_ ? Seen::Listed::new_tek
                                             : Seen::Listed::another_tek;
  const auto other = from.kernel.send(host("10.2.0.10"), host("10.4.0.10"), world_.now());
  out.others_pass = other.kind == Kind::clear;
  return out;
}

}  // namespace rollover
