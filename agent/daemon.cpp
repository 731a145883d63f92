// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/daemon.h"

#include <malloc.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>

#include "agent/privileges.h"

namespace agent {

Result<std::unique_ptr<Daemon>> Daemon::start(Loaded loaded, Reload reload, const Log& log) {
  // Large buffers, of a long list or for showing one, shall go back to the system when freed. Said
  // once, else the C library raises the threshold with each of them.
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  if (auto capable = require_capabilities(); !capable)
    return tl::unexpected<Error>{capable.error()};
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected<Error>{loop.error()};
  std::unique_ptr<Daemon> out{new Daemon{std::move(reload), log, std::move(*loop)}};
  if (auto opened = out->open_doors(loaded.config); !opened)
    return tl::unexpected<Error>{opened.error()};
  out->membership_ = std::make_unique<Membership>(
      std::move(loaded), Ground{out->loop_, *out->network_, out->random_, log});
  return out;
}

Daemon::Daemon(Reload reload, const Log& log, EventLoop loop)
    : reload_{std::move(reload)}, log_{log}, loop_{std::move(loop)} {}

Result<void> Daemon::open_doors(const Config& config) {
  auto network =
      Network::open(loop_, log_, [this](const Datagram& datagram) { receive(datagram); });
  if (!network) return tl::unexpected<Error>{network.error()};
  network_ = std::move(*network);
  auto control = ControlServer::open(loop_, config.control_socket,
                                     [this](std::string_view request) { return answer(request); });
  if (!control) return tl::unexpected<Error>{control.error()};
  control_ = std::move(*control);
  auto signals =
      loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int s) { on_signal(s); });
  if (!signals) return signals;
  return shed_privileges();
}

void Daemon::receive(const Datagram& datagram) { membership_->receive(datagram, boot_time()); }

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
  auto loaded = reload_();
  if (!loaded) {
    log_.error("SIGHUP: the configuration in force stays: {}", loaded.error().what);
    return;
  }
  log_.notice("SIGHUP: configuration read, registering afresh");
  const auto& before = membership_->config();
  if (loaded->config.control_socket != before.control_socket ||
      loaded->config.log_level != before.log_level)
    log_.warning("control-socket and log-level change with a restart only");
  loaded->config.control_socket = before.control_socket;
  membership_->change(std::move(*loaded), boot_time());
}

std::optional<Instant> Daemon::tick(Instant now) {
  outcome_ = membership_->tick(now);
  if (!outcome_) loop_.stop();
  network_->wake(now);
  control_->wake(now);
  notify_.wake(now);
  notify_.status(status_line(membership_->status(), now));

  std::optional<Instant> first;
  for (const auto& when :
       {membership_->deadline(), network_->deadline(), control_->deadline(), notify_.deadline()})
    if (when) first = std::min(first.value_or(*when), *when);
  return first;
}

Result<void> Daemon::run() {
  log_.notice("getvpn-gm " GETVPN_VERSION " for group {}", membership_->config().group_name);
  notify_.ready();
  auto ran = loop_.run([this](Instant now) { return tick(now); });
  notify_.stopping();
  const auto ended = end(boot_time());
  if (ran && !ended) ran = fail("cleaning up: " + ended.error().what);
  return ran && !outcome_ ? outcome_ : ran;
}

Result<void> Daemon::end(Instant now) {
  if (!leave_in_place_) return membership_->stop(now);
  membership_->leave(now);
  return {};
}

std::string Daemon::answer(std::string_view request) {
  const auto parsed = nlohmann::json::parse(request, nullptr, /*allow_exceptions*/ false);
  const auto refuse = [](const std::string& why) {
    return nlohmann::json{{"schema", 1}, {"error", why}}.dump();
  };
  if (!parsed.is_object()) return refuse("a request is one JSON object");
  const auto command = parsed.find("command");
  if (command == parsed.end() || !command->is_string()) return refuse("a request has a command");
  const auto& name = command->get_ref<const std::string&>();
  const auto now = boot_time();
  if (name == "show") return status_json(membership_->status_with_counters(), now);
  if (name != "reregister" && name != "clear")
    return refuse("the commands are show, reregister and clear");
  log_.notice("getvpnctl {}", name);
  const auto done =
      name == "reregister" ? membership_->reregister(now) : membership_->start_over(now);
  if (!done) return refuse(done.error().what);
  return nlohmann::json{{"schema", 1}, {"done", name}}.dump();
}

}  // namespace agent
