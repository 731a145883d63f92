// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "agent/control_server.h"
#include "agent/membership.h"
#include "agent/notify.h"

namespace agent {

// How the configuration is read afresh.
using Reload = std::function<Result<Loaded>()>;

// Daemon is the process: event loop, sockets, signals, control socket and systemd, with the
// memberships that live in it. It runs until a signal ends it: SIGTERM and SIGINT take everything
// out of the kernel, SIGUSR1 leaves all in place for a successor. SIGHUP reads the configuration
// again.
class Daemon {
 public:
  // start takes the lock, opens the sockets and sheds privileges; nothing is in the kernel yet. It
  // fails with a line for the operator. `log` must outlive the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(Loaded loaded, Reload reload,
                                                             const Log& log);

  // run returns when a signal asked for the end and was obeyed, or with what made going on
  // impossible.
  [[nodiscard]] Result<void> run();

 private:
  Daemon(Reload reload, const Log& log, EventLoop loop);
  [[nodiscard]] Result<void> open_doors(const Config& config);
  void receive(const Datagram& datagram);
  void on_signal(int signal);
  void reload();
  [[nodiscard]] std::optional<Instant> tick(Instant now);
  [[nodiscard]] Result<void> end(Instant now);
  [[nodiscard]] std::string answer(std::string_view request);

  Reload reload_;
  const Log& log_;
  EventLoop loop_;
  Notify notify_;
  gdoi::SystemRandom random_;
  std::unique_ptr<Network> network_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<Membership> membership_;
  bool leave_in_place_ = false;
  Result<void> outcome_;
};

}  // namespace agent
