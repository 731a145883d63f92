// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/daemon.h"

#include <malloc.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <nlohmann/json.hpp>
#include <tuple>

#include "agent/address.h"
#include "agent/config_values.h"
#include "agent/prefixes.h"
#include "agent/privileges.h"
#include "xfrm/links.h"

namespace agent {

namespace {

// Whether what the data plane is known by in the kernel is the same.
bool same_place(const Config& a, const Config& b) {
  return a.group == b.group && a.reqid == b.reqid && a.mark == b.mark &&
         a.anchor_in == b.anchor_in && a.anchor_out == b.anchor_out;
}

// Whether registrations go on as they did: with the same key servers, secrets and offers.
bool same_member(const Config& a, const Config& b) {
  const auto facts = [](const Config& c) {
    return std::tie(c.key_servers, c.group, c.interfaces, c.proposals, c.ike_lifetime, c.phase1_doi,
                    c.fallback_doi, c.keyless_sat, c.ack_key_length, c.retry_max);
  };
  return facts(a) == facts(b);
}

bool same_secrets(const Config& config, const Credentials& a, const Credentials& b) {
  return std::all_of(config.key_servers.begin(), config.key_servers.end(), [&](const auto& server) {
    const auto *one = a.find(server.address), *other = b.find(server.address);
    return one != nullptr && other != nullptr && one->secret.equals(other->secret.view());
  });
}

}  // namespace

Result<std::unique_ptr<Daemon>> Daemon::start(Loaded loaded, Reload reload, const Log& log) {
  // Large buffers, of a long list or for showing one, shall go back to the system when freed. Said
  // once, else the C library raises the threshold with each of them.
  ::mallopt(M_MMAP_THRESHOLD, 128 << 10);
  if (auto capable = require_capabilities(); !capable)
    return tl::unexpected<Error>{capable.error()};
  auto loop = EventLoop::create();
  if (!loop) return tl::unexpected<Error>{loop.error()};
  auto port = UdpPort::open();
  if (!port) return tl::unexpected<Error>{port.error()};
  std::unique_ptr<Daemon> out{
      new Daemon{std::move(loaded), std::move(reload), log, std::move(*loop), std::move(*port)}};
  if (auto opened = out->open_doors(); !opened) return tl::unexpected<Error>{opened.error()};
  return out;
}

Daemon::Daemon(Loaded loaded, Reload reload, const Log& log, EventLoop loop, UdpPort port)
    : config_{std::move(loaded.config)},
      credentials_{std::move(loaded.credentials)},
      reload_{std::move(reload)},
      log_{log},
      loop_{std::move(loop)},
      port_{std::move(port)},
      multicast_{loop_, port_, [this](UdpPort& other) { receive(other); }} {}

Result<void> Daemon::open_doors() {
  auto control = ControlServer::open(loop_, config_.control_socket,
                                     [this](std::string_view request) { return answer(request); });
  if (!control) return tl::unexpected<Error>{control.error()};
  control_ = std::move(*control);
  auto watched = loop_.watch(port_.fd(), EPOLLIN, [this](std::uint32_t) { receive(port_); });
  if (!watched) return watched;
  auto signals =
      loop_.on_signals({SIGTERM, SIGINT, SIGHUP, SIGUSR1}, [this](int s) { on_signal(s); });
  if (!signals) return signals;
  return shed_privileges();
}

void Daemon::listen(std::span<const gdoi::Endpoint> groups) {
  for (const auto& error : multicast_.listen(groups, running_->way.interfaces))
    log_.error("rekeys by multicast: {}", error.what);
}

void Daemon::send(const gdoi::Endpoint& to, gdoi::View datagram) {
  auto sent = port_.send(running_->way.source, to, datagram);
  if (!sent) send_failures_.count(sent.error().what, to_string(to), boot_time());
}

void Daemon::receive(UdpPort& port) {
  // Some at a time, so that a flood cannot keep timers and signals waiting.
  for (int i = 0; i < 64; ++i) {
    const auto datagram = port.receive();
    if (!datagram) return;
    if (running_) running_->group->receive(datagram->from, datagram->octets, boot_time());
  }
}

void Daemon::on_signal(int signal) {
  if (signal == SIGHUP) return reload();
  leave_in_place_ = signal == SIGUSR1;
  log_.notice(
      "signal {}: {} and ending", signal,
      leave_in_place_ ? "leaving everything in place for a successor" : "removing everything");
  loop_.stop();
}

// reload takes a new configuration as a whole, or keeps the old one. What is in the kernel stays
// there, to be adopted, unless it would no longer be recognised as ours.
void Daemon::reload() {
  auto loaded = reload_();
  if (!loaded) {
    log_.error("SIGHUP: the configuration in force stays: {}", loaded.error().what);
    return;
  }
  log_.notice("SIGHUP: configuration read, registering afresh");
  const auto now = boot_time();
  if (loaded->config.control_socket != config_.control_socket ||
      loaded->config.log_level != config_.log_level)
    log_.warning("control-socket and log-level change with a restart only");
  loaded->config.control_socket = config_.control_socket;
  const bool same = same_place(config_, loaded->config);
  if (early_ && !same)
    if (auto cleared = early_->clear(); !cleared)
      log_.error("cleaning up: {}", cleared.error().what);
  early_.reset();
  if (running_ && !same)
    if (auto stopped = running_->group->stop(now); !stopped)
      log_.error("cleaning up: {}", stopped.error().what);
  const bool goes_on = same && same_member(config_, loaded->config) &&
                       same_secrets(config_, credentials_, loaded->credentials);
  config_ = std::move(loaded->config);
  credentials_ = std::move(loaded->credentials);
  if (running_ && same) {
    running_->plane.configure(config_);
    running_->group->configure(group_options(running_->way.source));
    running_->group->reapply(now);
    if (goes_on) return running_->group->reregister(now);
    running_->group->leave(now);
  }
  end_running();
  look_at_ = now;
}

void Daemon::end_running() {
  if (!running_) return;
  loop_.unwatch(running_->plane.event_fd());
  running_.reset();
}

void Daemon::on_kernel_event() {
  if (!running_->plane.read_events()) return;
  verify_at_ = std::min(verify_at_, boot_time() + settle_pause);
}

void Daemon::watch_kernel(Instant now) {
  if (now < verify_at_) return;
  verify_at_ = now + verify_pause;
  running_->group->verify(now);
  for (const auto& error : multicast_.refresh()) log_.error("rekeys by multicast: {}", error.what);
}

std::optional<Instant> Daemon::tick(Instant now) {
  if (running_) follow_way(now);
  if (!running_) look_for_way(now);
  if (running_) {
    watch_kernel(now);
    running_->group->wake(now);
  }
  control_->wake(now);
  notify_.wake(now);
  notify_.status(status_line(status_view(), now));
  if (const auto summary = send_failures_.summary(now)) log_.warning("{}", *summary);

  std::optional<Instant> first = running_ ? running_->group->deadline() : look_at_;
  if (running_) first = std::min(first.value_or(verify_at_), verify_at_);
  for (const auto& when : {control_->deadline(), notify_.deadline(), send_failures_.deadline()})
    if (when) first = std::min(first.value_or(*when), *when);
  return first;
}

Result<Daemon::Way> Daemon::find_way() const {
  Error last;
  for (const auto& server : config_.key_servers) {
    const auto path = xfrm::path_to(to_xfrm(server.address));
    if (!path) {
      last = Error{path.error().message()};
      continue;
    }
    if (path->interface == "lo") {
      last = Error{to_string(server.address) + " is an address of this machine"};
      continue;
    }
    Way way{config_.interfaces, to_gdoi(path->source)};
    if (way.interfaces.empty()) way.interfaces.push_back(path->interface);
    for (const auto& name : way.interfaces)
      if (const auto link = xfrm::find_link(name); !link) return fail(link.error().message());
    return way;
  }
  return tl::unexpected<Error>{last};
}

// A registration that fails may do so because our address or the way out changed: then begin anew.
// What is in the kernel stays there until the next policy, so nothing leaks meanwhile.
void Daemon::follow_way(Instant now) {
  if (running_->group->status().state != gdoi::MemberStatus::State::waiting || now < look_at_)
    return;
  look_at_ = now + follow_pause;
  const auto way = find_way();
  if (!way || *way == running_->way) return;
  log_.notice("the way to the key servers changed: from {} on {} to {} on {}",
              to_string(running_->way.source), fmt::join(running_->way.interfaces, ", "),
              to_string(way->source), fmt::join(way->interfaces, ", "));
  running_->group->leave(now);
  end_running();
  look_at_ = now;
}

void Daemon::look_for_way(Instant now) {
  if (now < look_at_) return;
  look_at_ = now + look_pause;
  auto way = find_way();
  if (way) {
    outcome_ = begin(std::move(*way), now);
    if (!outcome_) loop_.stop();
    return;
  }
  fail_close_early();
  if (way.error().what == last_obstacle_) return;
  last_obstacle_ = way.error().what;
  log_.notice("waiting for a route to a key server: {}", last_obstacle_);
}

// Without a route there is nothing to register by, but fail-close must not wait for one.
void Daemon::fail_close_early() {
  if (!config_.fail_close || early_ || config_.interfaces.empty()) return;
  auto plane = XfrmPlane::open(config_, config_.interfaces, log_);
  if (!plane) return;  // look_for_way says what is missing
  const auto found = plane->survey();
  if (!found) return;
  Installation nothing;
  nothing.mode = Installation::Mode::closed;
  if (!found->list)
    if (auto closed = plane->apply(nothing); !closed) {
      log_.error("fail-close: {}", closed.error().what);
      return;
    }
  early_ = std::make_unique<XfrmPlane>(std::move(*plane));
  log_.notice("fail-close is in force on {}", fmt::join(config_.interfaces, ", "));
}

gdoi::MemberConfig Daemon::member_config(const gdoi::Address& source) const {
  gdoi::MemberConfig out;
  out.group = config_.group;
  out.local_address = source;
  for (const auto& server : config_.key_servers) {
    const auto* credential = credentials_.find(server.address);
    assert(credential != nullptr);  // main saw to it
    out.key_servers.push_back({server, gdoi::KeyMaterial::copy_of(credential->secret.view())});
  }
  out.phase1.proposals = config_.proposals;
  out.phase1.lifetime = config_.ike_lifetime;
  out.phase1.doi = config_.phase1_doi;
  out.phase1.fallback_doi = config_.fallback_doi;
  out.keyless_sat = config_.keyless_sat;
  out.ack_key_length = config_.ack_key_length;
  out.timers.back_off_max = config_.retry_max;
  return out;
}

GroupOptions Daemon::group_options(const gdoi::Address& source) const {
  return {config_.group_name,        source,       config_.send_counter_modes, config_.fail_close,
          config_.fail_close_revert, config_.scope};
}

Result<void> Daemon::begin(Way way, Instant now) {
  auto plane = XfrmPlane::open(config_, way.interfaces, log_);
  if (!plane) return tl::unexpected<Error>{plane.error()};
  early_.reset();
  running_ = std::make_unique<Running>(Running{std::move(way), std::move(*plane), nullptr});
  const auto& source = running_->way.source;
  running_->group = std::make_unique<Group>(group_options(source), member_config(source), random_,
                                            running_->plane, static_cast<Transport&>(*this), log_);
  auto watched = loop_.watch(running_->plane.event_fd(), EPOLLIN,
                             [this](std::uint32_t) { on_kernel_event(); });
  if (!watched) return watched;
  verify_at_ = now + verify_pause;
  return running_->group->start(now);
}

Result<void> Daemon::run() {
  log_.notice("getvpn-gm " GETVPN_VERSION " for group {}", config_.group_name);
  notify_.ready();
  auto ran = loop_.run([this](Instant now) { return tick(now); });
  notify_.stopping();
  Result<void> stopped;
  if (running_ && leave_in_place_)
    running_->group->leave(boot_time());
  else if (running_)
    stopped = running_->group->stop(boot_time());
  else if (early_ && !leave_in_place_)
    stopped = early_->clear();
  if (ran && !stopped) ran = fail("cleaning up: " + stopped.error().what);
  return ran && !outcome_ ? outcome_ : ran;
}

StatusView Daemon::status_view() {
  StatusView view;
  view.config = &config_;
  view.interfaces = config_.interfaces;
  if (!running_) return view;
  view.interfaces = running_->way.interfaces;
  view.local_address = running_->way.source;
  view.member = &running_->group->status();
  view.holdings = &running_->group->holdings();
  view.keks = running_->group->rekey_sas();
  return view;
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
  if (name == "show") return show();
  if (name != "reregister" && name != "clear")
    return refuse("the commands are show, reregister and clear");
  if (!running_) return refuse("waiting for a route to a key server");
  const auto now = boot_time();
  log_.notice("getvpnctl {}", name);
  if (name == "reregister")
    running_->group->reregister(now);
  else if (auto cleared = running_->group->start_over(now); !cleared)
    return refuse(cleared.error().what);
  return nlohmann::json{{"schema", 1}, {"done", name}}.dump();
}

std::string Daemon::show() {
  auto view = status_view();
  if (running_)
    if (auto counters = running_->plane.counters()) view.counters = std::move(*counters);
  return status_json(view, boot_time());
}

}  // namespace agent
