// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/daemon.h"

#include <malloc.h>

#include <algorithm>
#include <csignal>

#include "agent/base/address.h"
#include "agent/io/privileges.h"

namespace agent {
namespace {

constexpr std::string_view no_group = "no group of the configuration knows it as its own";

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(Setup setup, Reload reload, const Log& log) {
  // Large buffers, of a long list or for showing one, shall go back to the system when freed. Said
  // once, else the C library raises the threshold with each of them.
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  if (auto capable = require_capabilities(); !capable)
    return tl::unexpected<Error>{capable.error()};
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected<Error>{loop.error()};
  std::unique_ptr<Daemon> out{
      new Daemon{std::move(setup.config), std::move(reload), log, std::move(*loop)}};
  auto started = out->open_doors();
  if (started) started = out->begin(std::move(setup.proofs));
  if (!started) return tl::unexpected<Error>{started.error()};
  return out;
}

Daemon::Daemon(DaemonConfig config, Reload reload, const Log& log, EventLoop loop)
    : config_{std::move(config)},
      reload_{std::move(reload)},
      log_{log},
      loop_{std::move(loop)},
      network_{loop_, log_, [this](const std::string& vrf, const Datagram& datagram) {
                 receive(vrf, datagram);
               }} {}

Result<void> Daemon::use_domains(const std::vector<Config>& groups) {
  for (const auto& group : groups)
    if (auto used = network_.use(group.vrf); !used) return used;
  return {};
}

Result<void> Daemon::open_doors() {
  if (auto used = use_domains(config_.groups); !used) return used;
  auto control = ControlServer::open(loop_, config_.control_socket,
                                     [this](std::string_view request) { return answer(request); });
  if (!control) return tl::unexpected<Error>{control.error()};
  control_ = std::move(*control);
  auto signals =
      loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int s) { on_signal(s); });
  if (!signals) return signals;
  return shed_privileges();
}

// Groups keep the slots that a predecessor gave them, whatever stands around them now.
Result<void> Daemon::begin(std::vector<Proofs> proofs) {
  const auto found = XfrmPlane::found();
  if (auto settled = settle(config_, found.value_or(std::vector<Settled>{})); !settled)
    return settled;
  XfrmPlane::sweep(config_.groups, no_group, log_);
  for (std::size_t i = 0; i < config_.groups.size(); ++i)
    memberships_.push_back(make_membership({config_.groups[i], std::move(proofs[i])}));
  return {};
}

std::unique_ptr<Membership> Daemon::make_membership(Loaded loaded) {
  const auto competitor = [this](const Membership& membership, gdoi::Spi spi) {
    return competitor_of(membership, spi);
  };
  return std::make_unique<Membership>(std::move(loaded),
                                      Ground{loop_, network_, random_, log_, competitor});
}

std::optional<std::string> Daemon::competitor_of(const Membership& membership,
                                                 gdoi::Spi spi) const {
  for (const auto& other : memberships_)
    if (other.get() != &membership && other->competes(membership, spi))
      return other->config().group_name;
  return {};
}

// By cookies first: groups may well have one key server. What nobody knows is refused, and counted,
// by the only group it can be meant for, else here.
void Daemon::receive(const std::string& vrf, const Datagram& received) {
  const auto now = boot_time();
  const auto datagram = gdoi::Datagram::parse(received.from, received.octets, received.to.port);
  std::vector<Membership*> here, known, served;
  for (const auto& membership : memberships_)
    if (membership->config().vrf == vrf) here.push_back(membership.get());
  for (auto* membership : here) {
    if (membership->owns(datagram)) known.push_back(membership);
    if (membership->has_key_server(datagram.from)) served.push_back(membership);
  }
  if (known.empty()) known = here.size() == 1 ? here : served;
  if (known.size() > 1 && !known.front()->owns(datagram)) known.clear();
  for (auto* membership : known) membership->receive(datagram, now);
  if (known.empty()) strays_.count("unknown", to_string(datagram.from), now);
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) return reload();
  leave_in_place_ = signal == SIGUSR1;
  log_.notice(
      "signal {}: {} and ending", signal,
      leave_in_place_ ? "leaving everything in place for a successor" : "removing everything");
  loop_.stop();
}

// reload takes a new configuration as a whole, or keeps the old one.
void Daemon::reload() {
  auto setup = reload_();
  if (setup) {
    std::vector<Settled> before;
    for (const auto& membership : memberships_)
      before.push_back({table_name(membership->config()), membership->config().slot});
    auto fine = settle(setup->config, before);
    if (fine) fine = use_domains(setup->config.groups);
    if (!fine) setup = tl::unexpected<Error>{fine.error()};
  }
  if (!setup) {
    log_.error("SIGHUP: the configuration in force stays: {}", setup.error().what);
    return;
  }
  log_.notice("SIGHUP: configuration read, {}",
              setup->config.has_sections() ? "groups follow it" : "registering afresh");
  for (const auto& proofs : setup->proofs)
    for (const auto& warning : proofs.warnings()) log_.warning("{}", warning);
  if (setup->config.control_socket != config_.control_socket ||
      setup->config.log_level != config_.log_level)
    log_.warning("control-socket and log-level change with a restart only");
  go_over_to(std::move(*setup));
}

void Daemon::go_over_to(Setup setup) {
  const auto now = boot_time();
  const bool one = !setup.config.has_sections();
  auto before = std::move(memberships_);
  memberships_.clear();
  // Those that go make room first.
  const auto& wanted = setup.config.groups;
  for (auto& membership : before) {
    const auto table = table_name(membership->config());
    if (std::any_of(wanted.begin(), wanted.end(),
                    [&](const Config& group) { return table_name(group) == table; }))
      continue;
    remove(*membership, now);
    membership.reset();
  }
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    Loaded loaded{wanted[i], std::move(setup.proofs[i])};
    const auto at = std::find_if(before.begin(), before.end(), [&](const auto& membership) {
      return membership && table_name(membership->config()) == table_name(wanted[i]);
    });
    if (at == before.end()) {
      if (!one) log_.notice("group {} is new", wanted[i].group_name);
      memberships_.push_back(make_membership(std::move(loaded)));
      continue;
    }
    memberships_.push_back(std::move(*at));
    // The only group registers afresh in any case: that is what SIGHUP is sent for.
    if (one || !memberships_.back()->runs_by(loaded))
      memberships_.back()->change(std::move(loaded), now);
  }
  XfrmPlane::sweep(wanted, no_group, log_);
}

void Daemon::remove(Membership& membership, Instant now) {
  log_.notice("group {} is no longer configured: removing it", membership.config().group_name);
  if (auto stopped = membership.stop(now); !stopped)
    log_.error("cleaning up: {}", stopped.error().what);
}

std::optional<Instant> Daemon::tick(Instant now) {
  for (const auto& membership : memberships_) tick(*membership, now);
  network_.wake(now);
  control_->wake(now);
  notify_.wake(now);
  notify_.status(status_text(now));
  if (const auto summary = strays_.summary(now)) log_.notice("{}", *summary);

  std::optional<Instant> first;
  const auto no_later_than = [&](std::optional<Instant> when) {
    if (when) first = std::min(first.value_or(*when), *when);
  };
  for (const auto& membership : memberships_) no_later_than(membership->deadline());
  for (const auto& when :
       {network_.deadline(), control_->deadline(), notify_.deadline(), strays_.deadline()})
    no_later_than(when);
  return first;
}

// What makes it impossible for the only group to go on ends the daemon: whoever started it is to
// see that. One of several must not take the others with it.
void Daemon::tick(Membership& membership, Instant now) {
  auto done = membership.tick(now);
  if (done) return;
  if (!membership.config().section.empty()) return membership.pause(done.error(), now);
  outcome_ = std::move(done);
  loop_.stop();
}

Result<void> Daemon::run() {
  std::string names;
  for (const auto& membership : memberships_)
    names += (names.empty() ? "" : ", ") + membership->config().group_name;
  log_.notice("getvpn-gm " GETVPN_VERSION " for group {}", names);
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
  for (const auto& membership : memberships_) {
    if (leave_in_place_) {
      membership->leave(now);
      continue;
    }
    auto stopped = membership->stop(now);
    if (out && !stopped) out = std::move(stopped);
  }
  if (!leave_in_place_) XfrmPlane::sweep({}, "left by a predecessor", log_);
  return out;
}

std::string Daemon::status_text(Instant now) const {
  if (memberships_.front()->config().section.empty())
    return status_line(memberships_.front()->status(), now);
  std::string out;
  for (const auto& membership : memberships_)
    out += fmt::format("{}{}: {}", out.empty() ? "" : "; ", membership->config().group_name,
                       status_line(membership->status(), now));
  return out;
}

std::string Daemon::answer(std::string_view text) {
  const auto request = parse_request(text);
  if (!request) return error_answer(request.error().what);
  const auto now = boot_time();
  std::vector<Membership*> meant;
  for (const auto& membership : memberships_)
    if (!request->group || membership->config().group_name == *request->group)
      meant.push_back(membership.get());
  if (meant.empty()) return error_answer(fmt::format("there is no group '{}'", *request->group));

  if (request->command == ControlRequest::Command::show) {
    std::vector<std::string> documents;
    for (auto* membership : meant)
      documents.push_back(status_json(membership->status_with_counters(), now));
    // A document of one group is what it always was; a list is for those who configured several.
    const bool list = !request->group && !meant.front()->config().section.empty();
    return list ? list_json(documents) : documents.front();
  }
  log_.notice("getvpnctl {}{}", name_of(request->command),
              request->group ? " " + *request->group : "");
  return carry_out(*request, meant, now);
}

std::string Daemon::carry_out(const ControlRequest& request, std::span<Membership* const> meant,
                              Instant now) {
  std::vector<std::string> done;
  std::string refused;
  for (auto* membership : meant) {
    const auto& name = membership->config().group_name;
    const auto outcome = request.command == ControlRequest::Command::reregister
                             ? membership->reregister(now)
                             : membership->start_over(now);
    if (outcome) done.push_back(name);
    const bool several = meant.size() > 1;
    if (!outcome)
      refused += fmt::format("{}{}{}", refused.empty() ? "" : "; ", several ? name + ": " : "",
                             outcome.error().what);
  }
  return refused.empty() ? done_answer(request.command, done) : error_answer(refused);
}

}  // namespace agent
