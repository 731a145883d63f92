// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "agent/config/config.h"
#include "agent/control/status.h"
#include "agent/group/group.h"
#include "agent/io/event_loop.h"
#include "agent/io/network.h"
#include "agent/kernel/uplink.h"
#include "agent/kernel/xfrm_plane.h"

namespace agent {

class Membership;

// What a membership runs by.
struct Loaded {
  Config config;
  Proofs proofs;
};

// Ground is what the memberships of one process stand on. All of it outlives them.
struct Ground {
  EventLoop& loop;
  Network& network;
  gdoi::Random& random;
  const Log& log;
  // Names a membership other than that one which competes() with it for an SPI.
  std::function<std::optional<std::string>(const Membership&, gdoi::Spi)> competitor;
};

// Membership is one group of the configuration, brought to life: it looks for a way to the key
// servers, opens the data plane on the WAN interfaces, lets a Group run on both, and begins anew
// when the way changes. Two memberships know nothing of each other, but that one may not have an
// SPI that the other has on the same WAN interface.
//
// What it put into the kernel stays there when it is destroyed, for a successor, unless stop() took
// it out.
class Membership final : private Transport {
 public:
  Membership(Loaded loaded, const Ground& ground);
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;
  ~Membership() override;

  // tick does what is due; deadline says when to call it next. It fails with what makes going on
  // impossible: the kernel cannot do, or refuses, what the group needs. Then stop() it, or pause()
  // to have another try later.
  [[nodiscard]] Result<void> tick(Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const;
  void pause(const Error& why, Instant now);

  [[nodiscard]] bool has_key_server(const gdoi::Endpoint& endpoint) const;
  // owns tells whether a datagram may be meant for this group (gdoi::GroupMember).
  [[nodiscard]] bool owns(const gdoi::Datagram& datagram) const;

  // competes tells whether ESP under an SPI, coming in on a WAN interface of `other`, is taken for
  // this group's.
  [[nodiscard]] bool competes(const Membership& other, gdoi::Spi spi) const;

  void receive(const gdoi::Datagram& datagram, Instant now);

  // change goes over to another configuration and registers afresh. What is in the kernel stays
  // there, to be adopted, unless it would no longer be recognised as this group's.
  void change(Loaded loaded, Instant now);

  // runs_by tells whether change() would change nothing.
  [[nodiscard]] bool runs_by(const Loaded& loaded) const;

  // What the operator asks for. Both fail while there is no way to a key server.
  [[nodiscard]] Result<void> reregister(Instant now);
  [[nodiscard]] Result<void> start_over(Instant now);

  // stop takes everything out of the kernel; leave takes nothing out.
  [[nodiscard]] Result<void> stop(Instant now);
  void leave(Instant now);

  [[nodiscard]] const Config& config() const noexcept { return config_; }
  // status refers to the membership; counters are read from the kernel, for `show`.
  [[nodiscard]] StatusView status() const;
  [[nodiscard]] StatusView status_with_counters();

 private:
  using Way = Uplink;
  // What exists once there is a way.
  struct Running {
    Way way;
    XfrmPlane plane;
    std::unique_ptr<Group> group;
  };

  void send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t from_port) override;
  void listen(std::span<const gdoi::Endpoint> groups) override;
  void on_kernel_event();
  void watch_kernel(Instant now);

  [[nodiscard]] Result<Way> find_way() const;
  [[nodiscard]] bool lost_source() const;
  [[nodiscard]] Result<void> look_for_way(Instant now);
  void follow_way(Instant now);
  [[nodiscard]] Result<void> begin(Way way, Instant now);
  void end_running();
  void fail_close_early();
  [[nodiscard]] gdoi::Address source_towards(const gdoi::Address& key_server) const;
  [[nodiscard]] gdoi::MemberConfig member_config(const Way& way) const;
  [[nodiscard]] GroupOptions group_options(const Way& way) const;

  static constexpr seconds look_pause{2}, follow_pause{10}, failure_pause{30};
  // The kernel is looked at soon after it told of a change, and now and then in any case.
  static constexpr milliseconds settle_pause{200};
  static constexpr seconds verify_pause{60};

  Config config_;
  Proofs proofs_;
  Ground ground_;
  Log log_;  // names the group when there may be several
  std::unique_ptr<Running> running_;
  std::unique_ptr<XfrmPlane> early_;              // holds fail-close while there is no way yet
  std::optional<Installation::Mode> early_mode_;  // what it does
  Instant look_at_;
  Instant verify_at_;
  bool lost_source_ = false;
  std::string last_obstacle_;
};

}  // namespace agent
