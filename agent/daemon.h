// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "agent/control_server.h"
#include "agent/credentials.h"
#include "agent/group.h"
#include "agent/multicast_ports.h"
#include "agent/notify.h"
#include "agent/status.h"
#include "agent/udp_port.h"
#include "agent/xfrm_plane.h"

namespace agent {

// What a daemon runs by, and how it is read afresh.
struct Loaded {
  Config config;
  Credentials credentials;
};
using Reload = std::function<Result<Loaded>()>;

// Daemon wires one group to the network, the kernel, the control socket and systemd, and runs until
// a signal ends it: SIGTERM and SIGINT take everything out of the kernel, SIGUSR1 leaves all in
// place for a successor. SIGHUP reads the configuration again.
class Daemon final : private Transport {
 public:
  // start takes the lock, opens the sockets and sheds privileges; nothing is in the kernel yet. It
  // fails with a line for the operator. `log` must outlive the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(Loaded loaded, Reload reload,
                                                             const Log& log);

  // run returns when a signal asked for the end and was obeyed, or with what made going on
  // impossible.
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

  Daemon(Loaded loaded, Reload reload, const Log& log, EventLoop loop, UdpPort port);
  [[nodiscard]] Result<void> open_doors();
  void send(const gdoi::Endpoint& to, gdoi::View datagram) override;
  void listen(std::span<const gdoi::Endpoint> groups) override;
  void receive(UdpPort& port);
  void on_signal(int signal);
  void reload();
  void on_kernel_event();
  void watch_kernel(Instant now);
  [[nodiscard]] std::optional<Instant> tick(Instant now);

  [[nodiscard]] Result<Way> find_way() const;
  void look_for_way(Instant now);
  void follow_way(Instant now);
  [[nodiscard]] Result<void> begin(Way way, Instant now);
  void end_running();
  void fail_close_early();
  [[nodiscard]] gdoi::MemberConfig member_config(const gdoi::Address& source) const;
  [[nodiscard]] GroupOptions group_options(const gdoi::Address& source) const;

  [[nodiscard]] StatusView status_view();
  [[nodiscard]] std::string answer(std::string_view request);
  [[nodiscard]] std::string show();

  static constexpr seconds look_pause{2}, follow_pause{10};
  // The kernel is looked at soon after it told of a change, and now and then in any case.
  static constexpr milliseconds settle_pause{200};
  static constexpr seconds verify_pause{60};

  Config config_;
  Credentials credentials_;
  Reload reload_;
  const Log& log_;
  EventLoop loop_;
  UdpPort port_;
  MulticastPorts multicast_;
  Notify notify_;
  gdoi::SystemRandom random_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Running> running_;
  std::unique_ptr<XfrmPlane> early_;  // holds fail-close while there is no way yet
  bool leave_in_place_ = false;
  Instant look_at_;
  Instant verify_at_;
  std::string last_obstacle_;
  Tally send_failures_{"datagrams could not be sent", seconds{60}};
  Result<void> outcome_;
};

}  // namespace agent
