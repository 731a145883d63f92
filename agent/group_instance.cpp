// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group_instance.h"

#include <sys/epoll.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/timers.h"
#include "agent/reload.h"

namespace agent {
namespace {

std::optional<Instant> first_look_at_crls(const GroupConfig& config) {
  return config.authentication.crl_files.empty() ? std::nullopt : std::optional{Instant{}};
}

gdoi::WallTime time_of_day() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

}  // namespace

GroupInstance::GroupInstance(GroupSetup setup, const SharedServices& services)
    : setup_{std::move(setup)},
      services_{services},
      log_{config().section.empty() ? services.log : services.log.within(config().section)},
      events_{log_, &services.events},
      names_{config().key_servers,
             [this](const std::string& name, Instant now) {
               return std::make_unique<NameLookup>(services_.loop, name,
                                                   NameLookup::Options{config().vrf}, now);
             },
             log_},
      key_servers_{known_key_servers()},
      crls_at_{first_look_at_crls(config())},
      sequences_{services.kept.sequences(identity().table)} {}

GroupInstance::~GroupInstance() { end_running(); }

void GroupInstance::send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t from_port) {
  services_.trace.sent(to, datagram, boot_time());
  services_.network.send(running_->uplink.vrf,
                         {source_towards(to.address, key_servers_, running_->uplink), from_port},
                         to, datagram);
}

void GroupInstance::listen(std::span<const gdoi::Endpoint> groups) {
  listening_.assign(groups.begin(), groups.end());
  services_.network.listen(running_->uplink.vrf, this, groups, running_->uplink.interfaces);
}

void GroupInstance::receive(const gdoi::Datagram& datagram, Instant now) {
  if (!running_) return;
  running_->session->receive(datagram, now);
  keep_sequences(now);
}

// keep_sequences writes down how far rekeys were numbered, whenever that is news.
void GroupInstance::keep_sequences(Instant now) {
  auto known = running_->session->sequences(now);
  const auto alike = [](const gdoi::KnownSequence& a, const gdoi::KnownSequence& b) {
    return a.spi == b.spi && a.key == b.key && a.last == b.last;
  };
  if (std::equal(known.begin(), known.end(), sequences_.begin(), sequences_.end(), alike)) return;
  sequences_ = std::move(known);
  services_.kept.set_sequences(identity().table, sequences_, now);
}

bool GroupInstance::has_key_server(const gdoi::Endpoint& endpoint) const {
  const auto& others = config().answer_from;
  return std::find(others.begin(), others.end(), endpoint.address) != others.end() ||
         std::any_of(key_servers_.begin(), key_servers_.end(),
                     [&](const KeyServer& server) { return server.address == endpoint.address; });
}

Recipient GroupInstance::recipient(const std::string& vrf, const gdoi::Datagram& datagram) const {
  if (config().vrf != vrf) return {};
  return {true, running_ && running_->session->owns(datagram), has_key_server(datagram.from)};
}

bool GroupInstance::proves_alike(const GroupSetup& setup) const {
  return setup_.credentials.same_as(setup.credentials, config().authentication,
                                    config().key_servers);
}

ReloadEffect GroupInstance::effect_of(const GroupSetup& setup) const {
  const bool same_place =
      identity() == setup.group.identity && config().group == setup.group.config.group;
  if (!same_place) return ReloadEffect::is_made_anew;
  if (!registers_alike(config(), setup.group.config) || !proves_alike(setup))
    return ReloadEffect::registers;
  if (config() != setup.group.config) return ReloadEffect::reregisters;
  return stands_alike(setup_.group, setup.group) ? ReloadEffect::none : ReloadEffect::stands_anew;
}

void GroupInstance::pause(const Error& why, Instant now) {
  look_at_ = now + failure_pause;
  end_running();
  if (why.what == last_obstacle_) return;
  last_obstacle_ = why.what;
  log_.error("the next try is in {} s: {}", failure_pause.count(), why.what);
}

void GroupInstance::clean_up(const Result<void>& outcome) const {
  if (!outcome) log_.error("cleaning up: {}", outcome.error().what);
}

void GroupInstance::change(GroupSetup setup, Instant now) {
  const auto effect = effect_of(setup);
  const bool same_place = effect != ReloadEffect::is_made_anew;
  if (early_ && !same_place) clean_up(early_->clear());
  early_.reset();
  if (running_ && !same_place) clean_up(running_->session->stop(now));
  const bool same_names = config().key_servers == setup.group.config.key_servers &&
                          config().vrf == setup.group.config.vrf;
  setup_ = std::move(setup);
  crls_.forget();
  crls_at_ = first_look_at_crls(config());
  if (!same_names) names_.configure(config().key_servers);
  if (!same_names || !running_) key_servers_ = known_key_servers();
  if (running_ && same_place) {
    running_->plane.configure(group_now());
    running_->session->configure(group_options(config(), running_->uplink));
    running_->session->reapply(now);
    if (effect == ReloadEffect::stands_anew) return;
    if (effect != ReloadEffect::registers) return running_->session->reregister(now);
    running_->session->leave(now);
  }
  end_running();
  covered_.clear();
  look_at_ = now;
}

void GroupInstance::watch_work(XfrmPlane& plane) {
  plane.watch([this](const KernelWork& work) {
    work_ = work;
    const bool goes_on = services_.attend(work);
    work_.reset();
    return goes_on;
  });
}

void GroupInstance::end_running() {
  if (!running_) return;
  locating_ = false;
  services_.loop.unwatch(running_->plane.event_fd());
  services_.network.listen(running_->uplink.vrf, this, {}, {});
  running_.reset();
}

void GroupInstance::on_kernel_event() {
  if (!running_->plane.read_events()) return;
  verify_at_ = std::min(verify_at_, boot_time() + event_pause);
}

void GroupInstance::look_at_source(Instant now) {
  lost_source_ = lost_source();
  if (lost_source_) look_at_ = std::min(look_at_, now);
}

void GroupInstance::watch_kernel(Instant now) {
  if (now < verify_at_) return;
  look_at_source(now);
  look_for_drops();
  const bool seen = running_->session->verify(now);
  verify_at_ = now + (seen ? verify_pause : GroupSession::failed_look_pause);
  settings_at_ = now;
  services_.network.refresh();
}

// look_for_drops tells of what the second lock dropped since the last look.
void GroupInstance::look_for_drops() {
  const auto dropped = running_->plane.dropped();
  if (!dropped) return;
  const auto before = dropped_.value_or(*dropped);
  dropped_ = *dropped;
  // They count from zero when the rules were made anew.
  const auto more = [](std::uint64_t now, std::uint64_t then) {
    return now < then ? now : now - then;
  };
  const auto in = more(dropped->in, before.in), out = more(dropped->out, before.out);
  if (in == 0 && out == 0) return;
  events_.tell(Level::warning, EventKind::drop, config().group_name,
               {{"in", fmt::to_string(in)}, {"out", fmt::to_string(out)}},
               "packets in clear that the list of group {} protects: {} that came in and {} that "
               "were to leave by a WAN interface were dropped",
               config().group_name, in, out);
}

void GroupInstance::look_for_hostile_settings(Instant now) {
  if (now < settings_at_) return;
  settings_at_ = now + settings_pause;
  findings_.update(host_.look(running_->uplink.interfaces), log_);
}

// look_at_crls: a registration that begins from now on goes by the lists that are there now.
void GroupInstance::look_at_crls(Instant now) {
  if (!crls_at_ || now < *crls_at_) return;
  crls_at_ = now + CrlWatch::pause;
  if (crls_.look(setup_.credentials, config().authentication, time_of_day(), now, log_) && running_)
    running_->session->set_credentials(setup_.credentials.certificates());
}

Result<void> GroupInstance::tick(Instant now) {
  look_at_crls(now);
  follow_names(now);
  follow_ways(now);
  if (running_) recheck_uplink(now);
  if (!running_)
    if (auto found = open_uplink(now); !found) return found;
  if (!running_) return {};
  watch_kernel(now);
  look_for_hostile_settings(now);
  running_->session->wake(now);
  keep_sequences(now);
  answer_location(now);
  return {};
}

std::optional<Instant> GroupInstance::deadline() const {
  if (!running_) return earliest({look_at_, ways_at_, names_.deadline(), crls_at_});
  const auto first = earliest({running_->session->deadline(), verify_at_, settings_at_, ways_at_,
                               names_.deadline(), crls_at_});
  return lost_source_ ? earliest({first, look_at_}) : first;
}

Result<void> GroupInstance::begin(Uplink uplink, Instant now) {
  auto plane = XfrmPlane::open(group_now(), uplink.interfaces, log_);
  if (!plane) return tl::unexpected<Error>{plane.error()};
  watch_work(*plane);
  const bool closed = early_ && early_mode_ == Installation::Mode::closed;
  early_.reset();
  covered_ = uplink.interfaces;
  give_advice(uplink);
  running_ = std::make_unique<Running>(Running{std::move(uplink), std::move(*plane), nullptr});
  running_->session = std::make_unique<GroupSession>(
      group_options(config(), running_->uplink),
      member_config(setup_, key_servers_, running_->uplink),
      SessionServices{services_.random, running_->plane, static_cast<Transport&>(*this),
                      services_.spis, log_, &services_.kept, identity().table, &services_.events});
  auto watched = services_.loop.watch(running_->plane.event_fd(), EPOLLIN,
                                      [this](std::uint32_t) { on_kernel_event(); });
  if (!watched) return watched;
  running_->session->remember(sequences_);
  verify_at_ = now + verify_pause;
  lost_source_ = false;
  settings_at_ = now;
  look_for_hostile_settings(now);
  return running_->session->start(now, closed);
}

Result<void> GroupInstance::reregister(Instant now) {
  if (!running_) return fail("waiting for a route to a key server");
  running_->session->reregister(now);
  return {};
}

Result<void> GroupInstance::clear(Instant now) {
  if (!running_) return fail("waiting for a route to a key server");
  return running_->session->clear(now);
}

Result<void> GroupInstance::accept_rekey_key(Instant now) {
  if (!running_) return fail("waiting for a route to a key server");
  return running_->session->accept_rekey_key(now);
}

Result<XfrmPlane*> GroupInstance::plane() {
  if (running_) return &running_->plane;
  if (early_) return early_.get();
  return fail("waiting for a route to a key server: nothing of it is in the kernel");
}

Result<std::vector<std::string>> GroupInstance::differences() {
  const auto data_plane = plane();
  if (!data_plane) return tl::unexpected<Error>{data_plane.error()};
  return (*data_plane)->differences();
}

Result<std::vector<PlannedChange>> GroupInstance::plan_for(const ConfiguredGroup& group,
                                                           Instant now) {
  if (running_) {
    const auto wanted = running_->session->sa_table().wanted(now);
    if (!wanted) return {};
    return running_->plane.plan(wanted->installation, group);
  }
  if (!early_ || early_mode_ != Installation::Mode::closed) return {};
  Installation nothing;
  nothing.mode = Installation::Mode::closed;
  return early_->plan(nothing, group);
}

Result<std::vector<PlannedChange>> GroupInstance::plan(Instant now) {
  return plan_for(group_now(), now);
}

Result<std::vector<PlannedChange>> GroupInstance::plan_change(const GroupSetup& setup,
                                                              Instant now) {
  if (effect_of(setup) == ReloadEffect::is_made_anew) return plan_stop();
  // What was put in force without an uplink stays until there is one.
  if (!running_) return {};
  auto group = setup.group;
  auto& servers = group.config.key_servers;
  std::vector<KeyServer> known;  // of a name, addresses that are known by now
  for (const auto& server : servers) {
    if (server.name.empty()) known.push_back(server);
    for (const auto& one : key_servers_)
      if (!server.name.empty() && one.name == server.name) known.push_back(one);
  }
  servers = std::move(known);
  return plan_for(group, now);
}

Result<std::vector<PlannedChange>> GroupInstance::plan_stop() {
  const auto data_plane = plane();
  if (!data_plane) return {};
  return (*data_plane)->plan_removal();
}

Result<Explanation> GroupInstance::explain(const Packet& packet, std::uint32_t mark) {
  const auto data_plane = plane();
  if (!data_plane) return tl::unexpected<Error>{data_plane.error()};
  return (*data_plane)->explain(packet, mark, running_ ? &running_->session->sa_table() : nullptr);
}

Result<void> GroupInstance::stop(Instant now) {
  if (running_) return running_->session->stop(now);
  return early_ ? early_->clear() : Result<void>{};
}

void GroupInstance::leave(Instant now) {
  if (running_) running_->session->leave(now);
}

StatusView GroupInstance::status() const {
  StatusView view;
  view.config = &config();
  view.interfaces = config().interfaces;
  view.work = work_;
  if (early_) view.early_mode = early_mode_;
  view.key_servers = key_servers_;
  view.key_server_names = names_.status();
  if (crls_at_) view.crls = crls_.status(setup_.credentials, time_of_day());
  view.certificate_left = setup_.credentials.certificate_left(time_of_day());
  if (!running_) return view;
  view.drift_repairs = running_->session->drift_repairs();
  view.interfaces = running_->uplink.interfaces;
  view.local_address = running_->uplink.source;
  view.front_vrf = running_->uplink.vrf;
  view.inside_vrf = running_->uplink.inside_vrf;
  view.findings = findings_.current();
  view.member = running_->session->status();
  view.sas = &running_->session->sa_table();
  view.keks = running_->session->rekey_sas();
  view.rekey_key = running_->session->rekey_key();
  view.vendor_ids = running_->session->vendor_ids();
  return view;
}

StatusView GroupInstance::status_with_counters(Instant now) {
  auto view = status();
  if (running_) view.errors = running_->session->errors(now);
  if (const auto errors = read_ipsec_errors()) view.ipsec_errors = *errors;
  if (running_)
    if (auto counters = running_->plane.counters()) view.counters = std::move(*counters);
  XfrmPlane* plane = running_ ? &running_->plane : early_.get();
  if (plane != nullptr)
    if (const auto dropped = plane->dropped()) view.dropped = *dropped;
  return view;
}

}  // namespace agent
