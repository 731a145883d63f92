// SPDX-License-Identifier: GPL-2.0-or-later
// Three members of a group, their key server, and everything that may happen to them.
#pragma once

#include <array>
#include <cstdint>
#include <deque>

#include "agent/group/group_session.h"
#include "tests/exchange/network.h"
#include "tests/rollover/model_kernel.h"
#include "tests/support/ks/living_group.h"

namespace rollover {

// Nets 1 to 4, of which the first three have a member each.
inline constexpr unsigned nets = 4;

using gdoi::milliseconds;
using namespace std::chrono_literals;

// Violation is a packet that should not be: the test has failed.
struct Violation : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class World;
class Script;

// Machine is a member's computer: the kernel goes on when the daemon is gone.
struct Machine final : agent::Transport, support::SimulatedNetwork::Member {
  Machine(World& in, std::size_t at);
  void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t) override;
  void listen(std::span<const gdoi::Endpoint>) override {}
  void locate_key_servers() override {}
  void receive(const gdoi::Datagram& datagram) override;
  [[nodiscard]] std::optional<Instant> deadline() const override;
  void wake() override;

  World& world;
  std::size_t number;
  gdoi::Endpoint endpoint;
  support::SeededRandom random;
  agent::Log log;
  ModelKernel kernel;
  agent::InboundSpis spis;
  std::unique_ptr<ModelPlane> plane;           // with the daemon
  std::unique_ptr<agent::GroupSession> group;  // the daemon

  Instant deaf_until;             // pushes are lost, registrations succeed
  Instant troubled_until;         // what is promised to reachable members is not promised to it
  bool fail_close = false;        // its setting
  bool joined = false;            // there was a first policy
  bool sending = false;           // it had a TEK of the group's to send on, before the last change
  Instant newcomer_until;         // it sends on the newest TEK, having known no other
  std::set<std::uint32_t> heard;  // TEKs it could receive on since it began
  unsigned revision = 0;          // of the list it has in force
};

class World {
 public:
  struct Options {
    std::uint64_t seed = 1;
    seconds tek_life{1800}, kek_life{7200};
    unsigned push_loss_percent = 30;
    std::optional<seconds> activation_delay;
    bool names_old = true;               // see ks::LivingGroup
    bool changes = true, clears = true;  // of the list; of the whole group
    bool scripted = false;               // nobody starts and nothing is rekeyed by itself
  };
  explicit World(Options options);

  // storm lets things happen for a while; calm lets nothing but time happen, until all promises
  // count again. Both throw Violation. in_calm also demands that nothing is dropped.
  void storm(milliseconds span);
  void calm(milliseconds span);
  void in_calm(milliseconds span);

  // What happened last, for people.
  [[nodiscard]] std::string story() const;
  [[nodiscard]] const Instant& now() const noexcept { return network_.now(); }
  // Counts of what a storm was made of, so that no empty one passes for a good one.
  struct Counts {
    std::size_t encrypted = 0, dropped = 0, installed = 0, restarts = 0, pushes = 0, excused = 0;
  };
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  friend struct Machine;
  friend class Script;
  struct TekFacts {
    Instant ends;
    unsigned revision = 0;
    bool early = false;  // made while its predecessor had long to live, or without one
    bool deleted = false;
  };
  using Lines = std::set<std::pair<unsigned, unsigned>>;

  // Time and the wire; world.cpp.
  void run(milliseconds span);
  void at(Instant when, std::function<void()> what) { network_.at(when, std::move(what)); }
  void tick();
  [[nodiscard]] support::Weather weather_of(const gdoi::Address& member,
                                            const gdoi::Bytes& datagram) const;
  [[nodiscard]] std::uint64_t draw(std::uint64_t bound) { return network_.draw(bound); }
  void tell(const std::string& event);

  // What is demanded.
  void check();
  void check_packet(Machine& from, unsigned source, unsigned destination);
  void check_receiver(const Machine& from, const Machine& to, const ModelKernel::State& state);
  [[nodiscard]] bool live(const Machine& machine) const;
  [[nodiscard]] bool troubled(const Machine& machine) const;

  // What happens; world_events.cpp.
  void start(Machine& machine);
  void on_apply(Machine& machine, const agent::Installation& installation);
  void schedule_rekey();
  void push(const ks::Octets& datagram);
  void push_copies(const ks::Octets& datagram);
  void note_teks(bool early);
  void happen();
  void restart_daemon(Machine& machine);
  void cut_link(Machine& machine);
  void change_list();
  void clear_group();
  void stop_and_start(Machine& machine, bool reboot);
  void trouble(Machine& machine, milliseconds span);
  [[nodiscard]] Lines random_lines();
  [[nodiscard]] static std::vector<std::pair<ks::Id, ks::Id>> ids_of(const Lines& lines);

  Options options_;
  support::SimulatedNetwork network_;
  std::vector<Lines> revisions_{{}};  // by number, from 1 on
  ks::LivingGroup group_;
  std::map<std::uint32_t, TekFacts> teks_;
  unsigned epoch_ = 0;  // of the group: copies of older pushes are not sent any more
  std::vector<std::unique_ptr<Machine>> machines_;
  bool storming_ = false, strict_ = false;
  std::deque<std::string> events_;
  Counts counts_;
};

}  // namespace rollover
