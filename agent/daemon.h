// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <memory>

#include "agent/base/log_output.h"
#include "agent/config/daemon_config.h"
#include "agent/control/control_server.h"
#include "agent/control/metrics_server.h"
#include "agent/control/requests.h"
#include "agent/control/tek_totals.h"
#include "agent/freed_memory.h"
#include "agent/group_instance.h"
#include "agent/io/notify.h"
#include "agent/kernel/uplink_watch.h"

namespace agent {

// What a daemon runs by, and how it is read afresh.
struct DaemonSetup {
  DaemonConfig config;
  std::vector<Credentials> credentials;  // of each group
};
using Reload = std::function<Result<DaemonSetup>()>;

// Daemon is the process: event loop, sockets, signals, control socket and systemd, with the
// instances that live in it. It runs until a signal ends it: SIGTERM and SIGINT take everything
// out of the kernel, SIGUSR1 leaves all in place for a successor. SIGHUP reads the configuration
// again: groups come, go and change, and the others are not touched.
//
// A change of the kernel may take long, of thousands of entries on a slow machine. Meanwhile the
// watchdog is fed, `show` answered, and SIGTERM, SIGINT and SIGUSR1 have an installation given up,
// which leaves what was there before. All else waits.
class Daemon {
 public:
  // start takes the lock, opens the sockets and sheds privileges. Of groups that are configured
  // nothing is in the kernel yet but what a predecessor left; what it left of others is removed. It
  // fails with a line for the operator. `log` and `output`, where its lines go, outlive the daemon.
  [[nodiscard]] static Result<std::unique_ptr<Daemon>> start(DaemonSetup setup, Reload reload,
                                                             Log& log, LogOutput& output);

  // run returns when a signal asked for the end and was obeyed, or with what made going on
  // impossible.
  [[nodiscard]] Result<void> run();

 private:
  using GroupInstances = std::vector<std::unique_ptr<GroupInstance>>;

  Daemon(DaemonConfig config, Reload reload, Log& log, LogOutput& output, EventLoop loop);
  [[nodiscard]] Result<void> open_sockets();
  [[nodiscard]] Result<void> change_user();
  [[nodiscard]] Result<void> begin(std::vector<Credentials> credentials);
  [[nodiscard]] std::unique_ptr<GroupInstance> make_instance(GroupSetup setup);

  [[nodiscard]] Result<void> open_routing_domains(const std::vector<ConfiguredGroup>& groups);
  void hold_nat_traversal(const std::vector<ConfiguredGroup>& groups);
  void receive(const std::string& vrf, const Datagram& received);

  void on_signal(int signal);
  [[nodiscard]] bool attend(const KernelWork& work);
  void on_way_changes();
  [[nodiscard]] Result<DaemonSetup> read_configuration();
  Result<void> reload(std::string_view why);
  [[nodiscard]] static bool is_configured(const GroupInstance& instance,
                                          std::span<const ConfiguredGroup> groups);
  void apply_configuration(DaemonSetup setup);
  void remove(GroupInstance& instance, Instant now);

  [[nodiscard]] std::optional<Instant> tick(Instant now);
  void tick(GroupInstance& instance, Instant now);
  void tell_events();
  [[nodiscard]] Result<void> end(Instant now);
  [[nodiscard]] std::string status_text(Instant now) const;

  [[nodiscard]] std::optional<std::string> metrics(Instant now);
  [[nodiscard]] std::optional<std::string> answer(std::string_view text, const Asker& asker,
                                                  bool time_is_up);
  [[nodiscard]] std::string trace(ControlRequest::Command command, Instant now);
  [[nodiscard]] std::string explain(const ControlRequest& request,
                                    std::span<GroupInstance* const> meant);
  [[nodiscard]] std::string plan(const ControlRequest& request,
                                 std::span<GroupInstance* const> meant, Instant now);
  [[nodiscard]] Plan plan_reload(DaemonSetup setup, Instant now);
  [[nodiscard]] std::string export_keys(std::span<GroupInstance* const> meant, const Asker& asker);
  [[nodiscard]] std::string set_log_level(const ControlRequest& request);
  [[nodiscard]] static std::string carry_out(const ControlRequest& request,
                                             std::span<GroupInstance* const> meant, Instant now);

  DaemonConfig config_;
  Reload reload_;
  Log& log_;
  LogOutput& output_;
  EventLoop loop_;
  Notify notify_;
  gdoi::SystemRandom random_;
  Network network_;
  std::unique_ptr<ControlServer> control_;
  std::unique_ptr<MetricsServer> metrics_;
  std::map<std::string, TekTotals, std::less<>> totals_;  // by the group's name
  std::unique_ptr<UplinkWatch> ways_;
  InboundSpis inbound_spis_;
  KeptState kept_;
  Trace trace_;
  FreedMemory freed_memory_;
  Events events_;
  std::uint64_t events_told_ = 0;  // up to this number, to those who wait for them
  GroupInstances instances_;       // in the order of the configuration
  EventCounter unmatched_datagrams_{"dropped datagrams matching no configured group", seconds{60}};
  bool leave_in_place_ = false;
  bool ending_ = false;        // a signal said so
  bool at_work_ = false;       // inside attend()
  bool changing_ = false;      // groups come and go
  bool reload_later_ = false;  // SIGHUP came then
  Result<void> outcome_;
};

}  // namespace agent
