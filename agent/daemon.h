// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "agent/control_server.h"
#include "agent/credentials.h"
#include "agent/group.h"
#include "agent/notify.h"
#include "agent/status.h"
#include "agent/udp_port.h"
#include "agent/xfrm_plane.h"

namespace agent {

// Daemon wires one group to the network, the kernel, the control socket and systemd, and runs until
// a signal ends it.
class Daemon final : private Transport {
 public:
  // start takes the lock, opens the sockets and sheds privileges; nothing is in the kernel yet. It
  // fails with a line for the operator. `log` must outlive the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(Config config, Credentials credentials,
                                                             const Log& log);

  // run returns when a signal asked for the end and all is removed from the kernel, or with what
  // made going on impossible.
  [[nodiscard]] Result<void> run();

 private:
  // Way is how key servers are reached now.
  struct Way {
    std::vector<std::string> interfaces;
    gdoi::Address source;
    friend bool operator==(const Way&, const Way&) = default;
  };
  // What exists once there is a way.
  struct Running {
    Way way;
    XfrmPlane plane;
    std::unique_ptr<Group> group;
  };

  Daemon(Config config, Credentials credentials, const Log& log, EventLoop loop, UdpPort port);
  [[nodiscard]] Result<void> open_doors();
  void send(const gdoi::Endpoint& to, gdoi::View datagram) override;
  void receive();
  void on_signal(int signal);
  [[nodiscard]] std::optional<Instant> tick(Instant now);

  [[nodiscard]] Result<Way> find_way() const;
  void look_for_way(Instant now);
  void follow_way(Instant now);
  [[nodiscard]] Result<void> begin(Way way, Instant now);
  [[nodiscard]] gdoi::MemberConfig member_config(const gdoi::Address& source) const;

  [[nodiscard]] StatusView status_view();
  [[nodiscard]] std::string answer(std::string_view request);

  static constexpr seconds look_pause{2}, follow_pause{10};

  Config config_;
  Credentials credentials_;
  const Log& log_;
  EventLoop loop_;
  UdpPort port_;
  Notify notify_;
  gdoi::SystemRandom random_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Running> running_;
  Instant look_at_;
  std::string last_obstacle_;
  Tally send_failures_{"datagrams could not be sent", seconds{60}};
  Result<void> outcome_;
};

}  // namespace agent
