// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/daemon.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <set>
#include <utility>

#include "agent/base/address.h"
#include "agent/base/files.h"
#include "agent/base/timers.h"
#include "agent/control/metrics.h"
#include "agent/io/privileges.h"
#include "agent/io/system_calls.h"

namespace agent {
namespace {

constexpr std::string_view no_group = "not part of the configuration";

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(DaemonSetup setup, Reload reload, Log& log,
                                              LogOutput& output) {
  if (auto capable = require_capabilities(); !capable)
    return tl::unexpected<Error>{capable.error()};
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected<Error>{loop.error()};
  std::unique_ptr<Daemon> out{
      new Daemon{std::move(setup.config), std::move(reload), log, output, std::move(*loop)}};
  auto started = out->open_sockets();
  if (started) started = out->begin(std::move(setup.credentials));
  if (!started) return tl::unexpected<Error>{started.error()};
  return out;
}

Daemon::Daemon(DaemonConfig config, Reload reload, Log& log, LogOutput& output, EventLoop loop)
    : config_{std::move(config)},
      reload_{std::move(reload)},
      log_{log},
      output_{output},
      loop_{std::move(loop)},
      network_{
          loop_, log_,
          [this](const std::string& vrf, const Datagram& datagram) { receive(vrf, datagram); }},
      kept_{config_.state_file_in_force(), log_} {}

Result<void> Daemon::open_routing_domains(const std::vector<ConfiguredGroup>& groups) {
  for (const auto& group : groups)
    if (auto used = network_.use(group.config.vrf); !used) return used;
  return {};
}

// hold_nat_traversal keeps UDP 4500 for groups that may need it, and leaves it to others where none
// does.
void Daemon::hold_nat_traversal(const std::vector<ConfiguredGroup>& groups) {
  std::set<std::string> vrfs;
  for (const auto& group : groups)
    if (group.config.nat_traversal) vrfs.insert(group.config.vrf);
  network_.hold_nat_traversal(vrfs);
}

Result<void> Daemon::open_sockets() {
  if (auto used = open_routing_domains(config_.groups); !used) return used;
  hold_nat_traversal(config_.groups);
  const auto id = [](const std::optional<SystemGroup>& group) {
    return group ? std::optional{group->id} : std::nullopt;
  };
  const ControlAccess access{id(config_.operator_group), id(config_.admin_group)};
  auto control =
      ControlServer::open(loop_, config_.control_socket, access,
                          [this](std::string_view request, const Asker& asker, bool time_is_up) {
                            return answer(request, asker, time_is_up);
                          });
  if (!control) return tl::unexpected<Error>{control.error()};
  control_ = std::move(*control);
  auto metrics_server = MetricsServer::open(
      loop_, config_.metrics, access, [this](Instant now) { return metrics(now); }, log_);
  if (!metrics_server) return tl::unexpected<Error>{metrics_server.error()};
  metrics_ = std::move(*metrics_server);
  auto signals =
      loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int s) { on_signal(s); });
  if (!signals) return signals;
  auto ways = UplinkWatch::open();
  if (!ways) return tl::unexpected<Error>{ways.error()};
  ways_ = std::make_unique<UplinkWatch>(std::move(*ways));
  auto watched = loop_.watch(ways_->fd(), EPOLLIN, [this](std::uint32_t) { on_way_changes(); });
  if (!watched) return watched;
  return change_user();
}

Result<void> Daemon::change_user() {
  const auto user = user_to_be(config_.user);
  if (!user) return tl::unexpected<Error>{user.error()};
  if (*user)
    for (const auto& file :
         {config_.control_socket, config_.state_file_in_force(), config_.metrics.path})
      if (auto given = give_directory(file.substr(0, file.rfind('/')), **user); !given)
        return given;
  return shed_privileges(*user);
}

void Daemon::on_way_changes() {
  const auto changes = ways_->read();
  for (const auto& instance : instances_) instance->ways_changed(changes, boot_time());
}

// Groups keep the slots that a predecessor gave them, whatever stands around them now.
Result<void> Daemon::begin(std::vector<Credentials> credentials) {
  const auto found = XfrmPlane::found();
  if (auto settled = assign_slots(config_, found.value_or(std::vector<SlotAssignment>{})); !settled)
    return settled;
  std::string names;
  for (const auto& group : config_.groups)
    names += (names.empty() ? "" : ", ") + group.config.group_name;
  log_.notice("getvpn-gm " GETVPN_VERSION " for group {}", names);
  // Some kernels cannot; traffic is to be protected there as well.
  if (auto limited = limit_system_calls(); !limited)
    log_.warning("system calls are not limited: {}", limited.error().what);
  if (::geteuid() == 0 && !config_.user)
    log_.info("there is no user '{}' to become: root stays", default_user);
  kept_.load(boot_time());
  XfrmPlane::sweep(config_.groups, no_group, log_);
  for (std::size_t i = 0; i < config_.groups.size(); ++i)
    instances_.push_back(make_instance({config_.groups[i], std::move(credentials[i])}));
  return {};
}

std::unique_ptr<GroupInstance> Daemon::make_instance(GroupSetup setup) {
  return std::make_unique<GroupInstance>(
      std::move(setup),
      SharedServices{loop_, network_, random_, inbound_spis_, kept_, trace_, log_, events_,
                     [this](const KernelWork& work) { return attend(work); }});
}

void Daemon::receive(const std::string& vrf, const Datagram& received) {
  const auto now = boot_time();
  const auto datagram = gdoi::Datagram::parse(received.from, received.octets, received.to.port);
  trace_.received(received.from, received.octets, now);
  std::vector<Recipient> recipients;
  for (const auto& instance : instances_) recipients.push_back(instance->recipient(vrf, datagram));
  const auto chosen = route(recipients);
  for (const auto which : chosen) instances_[which]->receive(datagram, now);
  if (chosen.empty()) unmatched_datagrams_.count("unknown", to_string(datagram.from), now);
}

bool Daemon::attend(const KernelWork& work) {
  at_work_ = true;
  const auto now = boot_time();
  notify_.wake(now);
  notify_.status(work_line(work));
  loop_.attend();
  control_->wake(now);
  metrics_->wake(now);
  at_work_ = false;
  return !ending_;
}

void Daemon::on_signal(int signal) {
  if (ending_) return;
  if (signal == SIGHUP) {
    reload_later_ = at_work_;
    if (!at_work_) (void)reload("SIGHUP");  // which says in the log what is wrong
    return;
  }
  ending_ = true;
  leave_in_place_ = signal == SIGUSR1;
  log_.notice(
      "signal {}: {} and ending", signal,
      leave_in_place_ ? "leaving everything in place for a successor" : "removing everything");
  loop_.stop();
}

// read_configuration reads what a reload goes by, with the slots that the groups would have.
Result<DaemonSetup> Daemon::read_configuration() {
  auto setup = [this] {
    const ReadingRights rights;
    return reload_();
  }();
  if (!setup) return setup;
  std::vector<SlotAssignment> before;
  for (const auto& instance : instances_)
    before.push_back({instance->identity().table, instance->identity().slot});
  if (auto ready = assign_slots(setup->config, before); !ready)
    return tl::unexpected<Error>{ready.error()};
  return setup;
}

// reload takes a new configuration as a whole, or keeps the old one.
Result<void> Daemon::reload(std::string_view why) {
  auto setup = read_configuration();
  if (setup)
    if (auto ready = open_routing_domains(setup->config.groups); !ready)
      setup = tl::unexpected<Error>{ready.error()};
  if (!setup) {
    log_.error("{}: the configuration in force stays: {}", why, setup.error().what);
    return tl::unexpected<Error>{setup.error()};
  }
  log_.notice("{}: configuration read; {}", why,
              setup->config.has_sections() ? "groups follow it" : "registering again");
  for (const auto& credentials : setup->credentials)
    for (const auto& warning : credentials.warnings()) log_.warning("{}", warning);
  if (const auto later = restart_settings(config_, setup->config); !later.empty())
    log_.warning("changed, and taken up by a restart only: {}", fmt::join(later, ", "));
  apply_configuration(std::move(*setup));
  return {};
}

bool Daemon::is_configured(const GroupInstance& instance, std::span<const ConfiguredGroup> groups) {
  return std::any_of(groups.begin(), groups.end(), [&](const ConfiguredGroup& group) {
    return group.identity.table == instance.identity().table;
  });
}

void Daemon::apply_configuration(DaemonSetup setup) {
  const auto now = boot_time();
  changing_ = true;
  hold_nat_traversal(setup.config.groups);
  const bool one = !setup.config.has_sections();
  auto before = std::move(instances_);
  instances_.clear();
  // Those that go make room first.
  const auto& wanted = setup.config.groups;
  for (auto& instance : before) {
    if (is_configured(*instance, wanted)) continue;
    remove(*instance, now);
    instance.reset();
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    GroupSetup group{wanted[i], std::move(setup.credentials[i])};
    const auto at = std::find_if(before.begin(), before.end(), [&](const auto& instance) {
      return instance && instance->identity().table == wanted[i].identity.table;
    });
    if (at == before.end()) {
      if (!one) log_.notice("group {} is new", wanted[i].config.group_name);
      instances_.push_back(make_instance(std::move(group)));
      continue;
    }
    instances_.push_back(std::move(*at));
    // The only group registers afresh in any case: that is what SIGHUP is sent for.
    if (one || instances_.back()->effect_of(group) != ReloadEffect::none)
      instances_.back()->change(std::move(group), now);
  }
  XfrmPlane::sweep(wanted, no_group, log_);
  changing_ = false;
}

void Daemon::remove(GroupInstance& instance, Instant now) {
  log_.notice("group {} is no longer configured: removing it", instance.config().group_name);
  if (auto stopped = instance.stop(now); !stopped)
    log_.error("cleaning up: {}", stopped.error().what);
}

std::optional<Instant> Daemon::tick(Instant now) {
  if (std::exchange(reload_later_, false)) (void)reload("SIGHUP");
  for (const auto& instance : instances_) tick(*instance, now);
  tell_events();
  network_.wake(now);
  control_->wake(now);
  metrics_->wake(now);
  notify_.wake(now);
  output_.wake(now);
  notify_.status(status_text(now));
  if (const auto summary = unmatched_datagrams_.summary(now)) log_.notice("{}", *summary);

  auto first = earliest({network_.deadline(), control_->deadline(), metrics_->deadline(),
                         notify_.deadline(), output_.deadline(), unmatched_datagrams_.deadline()});
  for (const auto& instance : instances_) first = earliest({first, instance->deadline()});
  if (auto locked = freed_memory_.give_back(now); !locked) log_.error("{}", locked.error().what);
  first = earliest({first, freed_memory_.deadline()});
  return reload_later_ ? now : first;
}

void Daemon::tell_events() {
  if (events_told_ == events_.last()) return;
  events_told_ = events_.last();
  control_->ask_again();
}

// What makes it impossible for the only group to go on ends the daemon, so that systemd sees the
// failure. One of several must not take the others with it.
void Daemon::tick(GroupInstance& instance, Instant now) {
  if (ending_) return;
  auto done = instance.tick(now);
  if (done || ending_) return;  // what was given up for the end is no failure
  if (!instance.config().section.empty()) return instance.pause(done.error(), now);
  outcome_ = std::move(done);
  loop_.stop();
}

Result<void> Daemon::run() {
  notify_.ready();
  auto ran = loop_.run([this](Instant now) { return tick(now); });
  notify_.stopping();
  const auto ended = end(boot_time());
  if (ran && !ended) ran = fail("cleaning up: " + ended.error().what);
  return ran && !outcome_ ? outcome_ : ran;
}

// end tries everything; the first failure is reported.
Result<void> Daemon::end(Instant now) {
  Result<void> out;
  for (const auto& instance : instances_) {
    if (leave_in_place_) {
      instance->leave(now);
      continue;
    }
    auto stopped = instance->stop(now);
    if (out && !stopped) out = std::move(stopped);
  }
  if (!leave_in_place_) XfrmPlane::sweep({}, "left by a predecessor", log_);
  return out;
}

std::string Daemon::status_text(Instant now) const {
  if (instances_.front()->config().section.empty())
    return status_line(instances_.front()->status(), now);
  std::string out;
  for (const auto& instance : instances_)
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", instance->config().group_name,
                       status_line(instance->status(), now));
  return out;
}

// metrics are of all groups or not at all: one that is missing would be taken for one that is gone.
std::optional<std::string> Daemon::metrics(Instant now) {
  if (changing_ || instances_.empty()) return std::nullopt;
  std::vector<GroupMetrics> groups;
  std::map<std::string, TekTotals, std::less<>> totals;
  for (const auto& instance : instances_) {
    auto status = instance->status_with_counters(now);
    const auto& name = instance->config().group_name;
    auto& sums = totals[name] = std::move(totals_[name]);
    sums.add(status.counters);
    groups.push_back({std::move(status), &sums});
  }
  totals_ = std::move(totals);  // which moves none of the sums
  return metrics_text(groups, now);
}

}  // namespace agent
