// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/membership.h"

#include <sys/epoll.h>

#include <algorithm>
#include <cassert>
#include <tuple>

#include "agent/base/address.h"

namespace agent {
namespace {

// Whether what the data plane is known by in the kernel is the same.
bool same_place(const Config& a, const Config& b) {
  return a.group == b.group && a.slot == b.slot && a.reqid == b.reqid && a.mark == b.mark &&
         a.anchor_in == b.anchor_in && a.anchor_out == b.anchor_out &&
         a.anchor_in6 == b.anchor_in6 && a.anchor_out6 == b.anchor_out6;
}

// Whether registrations go on as they did: with the same key servers, secrets and offers.
bool same_member(const Config& a, const Config& b) {
  const auto facts = [](const Config& c) {
    return std::tie(c.key_servers, c.group, c.vrf, c.interfaces, c.proposals, c.ike_lifetime,
                    c.phase1_doi, c.fallback_doi, c.ike_mode, c.authentication, c.keyless_sat,
                    c.ack_key_length, c.retry_max, c.nat_traversal, c.ike_fragmentation);
  };
  return facts(a) == facts(b);
}

// Whether two configurations of a group say the same, wherever they say it.
bool same_settings(Config a, Config b) {
  a.origins = b.origins = {};
  a.sole_contact = b.sole_contact = true;
  return a == b;
}

bool differ_in_order_only(Config a, const Config& b) {
  const bool moved = a.precedence != b.precedence;
  a.precedence = b.precedence;
  return moved && same_settings(std::move(a), b);
}

}  // namespace

Membership::Membership(Loaded loaded, const Ground& ground)
    : config_{std::move(loaded.config)},
      proofs_{std::move(loaded.proofs)},
      ground_{ground},
      log_{config_.section.empty() ? ground.log : ground.log.within(config_.section)} {}

Membership::~Membership() { end_running(); }

void Membership::send(const gdoi::Endpoint& to, gdoi::View datagram, std::uint16_t from_port) {
  ground_.network.send(running_->way.vrf, {source_towards(to.address), from_port}, to, datagram);
}

// source_towards is our address as a key server knows it. One that is not in our list, but speaks
// for the group, is answered from any of its family.
gdoi::Address Membership::source_towards(const gdoi::Address& key_server) const {
  const auto& sources = running_->way.sources;
  for (std::size_t i = 0; i < sources.size(); ++i)
    if (config_.key_servers[i].address == key_server && sources[i]) return *sources[i];
  for (const auto& source : sources)
    if (source && source->family == key_server.family) return *source;
  gdoi::Address unspecified;
  unspecified.family = key_server.family;
  return unspecified;
}

void Membership::listen(std::span<const gdoi::Endpoint> groups) {
  ground_.network.listen(running_->way.vrf, this, groups, running_->way.interfaces);
}

void Membership::receive(const gdoi::Datagram& datagram, Instant now) {
  if (running_) running_->group->receive(datagram, now);
}

bool Membership::has_key_server(const gdoi::Endpoint& endpoint) const {
  const auto& known = config_.key_servers;
  return std::any_of(known.begin(), known.end(), [&](const gdoi::Endpoint& server) {
    return server.address == endpoint.address;
  });
}

bool Membership::owns(const gdoi::Datagram& datagram) const {
  return running_ && running_->group->owns(datagram);
}

bool Membership::competes(const Membership& other, gdoi::Spi spi) const {
  if (!running_ || !other.running_ || !running_->group->sa_table().receives(spi)) return false;
  const auto& ours = running_->way.interfaces;
  const auto& theirs = other.running_->way.interfaces;
  return std::find_first_of(ours.begin(), ours.end(), theirs.begin(), theirs.end()) != ours.end();
}

bool Membership::runs_by(const Loaded& loaded) const {
  return same_settings(config_, loaded.config) &&
         proofs_.same_as(loaded.proofs, config_.authentication, config_.key_servers);
}

void Membership::pause(const Error& why, Instant now) {
  look_at_ = now + failure_pause;
  end_running();
  if (why.what == last_obstacle_) return;
  last_obstacle_ = why.what;
  log_.error("the next try is in {} s: {}", failure_pause.count(), why.what);
}

void Membership::change(Loaded loaded, Instant now) {
  const bool same = same_place(config_, loaded.config);
  if (early_ && !same)
    if (auto cleared = early_->clear(); !cleared)
      log_.error("cleaning up: {}", cleared.error().what);
  early_.reset();
  if (running_ && !same)
    if (auto stopped = running_->group->stop(now); !stopped)
      log_.error("cleaning up: {}", stopped.error().what);
  const bool goes_on = same && same_member(config_, loaded.config) &&
                       proofs_.same_as(loaded.proofs, config_.authentication, config_.key_servers);
  const bool only_moves = goes_on && differ_in_order_only(config_, loaded.config);
  config_ = std::move(loaded.config);
  proofs_ = std::move(loaded.proofs);
  if (running_ && same) {
    running_->plane.configure(config_);
    running_->group->configure(group_options(running_->way));
    running_->group->reapply(now);
    if (only_moves) return;
    if (goes_on) return running_->group->reregister(now);
    running_->group->leave(now);
  }
  end_running();
  look_at_ = now;
}

void Membership::end_running() {
  if (!running_) return;
  ground_.loop.unwatch(running_->plane.event_fd());
  ground_.network.listen(running_->way.vrf, this, {}, {});
  running_.reset();
}

void Membership::on_kernel_event() {
  if (!running_->plane.read_events()) return;
  verify_at_ = std::min(verify_at_, boot_time() + settle_pause);
}

void Membership::watch_kernel(Instant now) {
  if (now < verify_at_) return;
  verify_at_ = now + verify_pause;
  lost_source_ = lost_source();
  if (lost_source_) look_at_ = std::min(look_at_, now);
  running_->group->verify(now);
  ground_.network.refresh();
}

Result<void> Membership::tick(Instant now) {
  if (running_) follow_way(now);
  if (!running_)
    if (auto found = look_for_way(now); !found) return found;
  if (!running_) return {};
  watch_kernel(now);
  running_->group->wake(now);
  return {};
}

std::optional<Instant> Membership::deadline() const {
  if (!running_) return look_at_;
  const auto first = std::min(running_->group->deadline().value_or(verify_at_), verify_at_);
  return lost_source_ ? std::min(first, look_at_) : first;
}

Result<Uplink> Membership::find_way() const {
  return resolve_uplink(config_.key_servers, config_.vrf, config_.interfaces);
}

// lost_source tells whether the address by which the key servers know us is no longer ours: as when
// a PPP link was made anew.
bool Membership::lost_source() const { return !is_local(running_->way.source); }

// A registration that fails may do so because our address or the way out changed: then begin anew.
// What is in the kernel stays there until the next policy, so nothing leaks meanwhile.
void Membership::follow_way(Instant now) {
  if (now < look_at_) return;
  if (running_->group->status().state != gdoi::MemberStatus::State::waiting && !lost_source_)
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

Result<void> Membership::look_for_way(Instant now) {
  if (now < look_at_) return {};
  look_at_ = now + look_pause;
  auto way = find_way();
  if (way) {
    auto begun = begin(std::move(*way), now);
    if (begun || find_way()) return begun;
    end_running();  // it was taken away under our hands
    return {};
  }
  fail_close_early();
  if (way.error().what == last_obstacle_) return {};
  last_obstacle_ = way.error().what;
  log_.notice("waiting for a route to a key server: {}", last_obstacle_);
  return {};
}

// Without a route there is nothing to register by, but fail-close must not wait for one.
void Membership::fail_close_early() {
  if (!config_.fail_close || early_ || config_.interfaces.empty()) return;
  auto plane = XfrmPlane::open(config_, config_.interfaces, log_);
  if (!plane) return;  // look_for_way says what is missing
  const auto found = plane->survey();
  if (!found) return;
  Installation nothing;
  nothing.mode = Installation::Mode::closed;
  early_mode_ = Installation::Mode::list;  // a predecessor's
  if (!found->has_policy) {
    const auto closed = plane->apply(nothing);
    if (!closed) {
      log_.error("fail-close: {}", closed.error().what);
      return;
    }
    early_mode_ = closed->mode;
  }
  early_ = std::make_unique<XfrmPlane>(std::move(*plane));
  log_.notice("{} on {}",
              early_mode_ == Installation::Mode::closed ? "fail-close is in force"
                                                        : "the list of a predecessor is in force",
              fmt::join(config_.interfaces, ", "));
}

gdoi::MemberConfig Membership::member_config(const Way& way) const {
  gdoi::MemberConfig out;
  out.group = config_.group;
  out.local_address = way.source;
  proofs_.fill(out, config_.authentication, config_.key_servers);
  for (std::size_t i = 0; i < out.key_servers.size(); ++i)
    out.key_servers[i].local_address = way.sources[i];
  out.phase1.proposals = config_.proposals;
  out.phase1.lifetime = config_.ike_lifetime;
  out.phase1.mode = config_.ike_mode;
  out.phase1.doi = config_.phase1_doi;
  out.phase1.fallback_doi = config_.fallback_doi;
  out.phase1.nat_traversal = config_.nat_traversal;
  out.phase1.fragments = config_.ike_fragmentation;
  out.phase1.initial_contact = config_.sole_contact;
  out.tek_without_key = config_.keyless_sat;
  out.ack_key_length = config_.ack_key_length;
  out.timers.back_off_max = config_.retry_max;
  return out;
}

GroupOptions Membership::group_options(const Way& way) const {
  GroupOptions out{config_.group_name,         way.source,
                   config_.send_counter_modes, config_.fail_close,
                   config_.fail_close_revert,  config_.scope};
  out.acceptance = config_.acceptance;
  out.front_vrf = way.vrf;
  out.inside_vrf = way.inside_vrf;
  out.other_receiver = [this](gdoi::Spi spi) { return ground_.competitor(*this, spi); };
  return out;
}

Result<void> Membership::begin(Way way, Instant now) {
  auto plane = XfrmPlane::open(config_, way.interfaces, log_);
  if (!plane) return tl::unexpected<Error>{plane.error()};
  early_.reset();
  running_ = std::make_unique<Running>(Running{std::move(way), std::move(*plane), nullptr});
  running_->group = std::make_unique<Group>(group_options(running_->way),
                                            member_config(running_->way), ground_.random,
                                            running_->plane, static_cast<Transport&>(*this), log_);
  auto watched = ground_.loop.watch(running_->plane.event_fd(), EPOLLIN,
                                    [this](std::uint32_t) { on_kernel_event(); });
  if (!watched) return watched;
  verify_at_ = now + verify_pause;
  lost_source_ = false;
  return running_->group->start(now);
}

Result<void> Membership::reregister(Instant now) {
  if (!running_) return fail("waiting for a route to a key server");
  running_->group->reregister(now);
  return {};
}

Result<void> Membership::start_over(Instant now) {
  if (!running_) return fail("waiting for a route to a key server");
  return running_->group->start_over(now);
}

Result<void> Membership::stop(Instant now) {
  if (running_) return running_->group->stop(now);
  return early_ ? early_->clear() : Result<void>{};
}

void Membership::leave(Instant now) {
  if (running_) running_->group->leave(now);
}

StatusView Membership::status() const {
  StatusView view;
  view.config = &config_;
  view.interfaces = config_.interfaces;
  if (early_) view.early_mode = early_mode_;
  if (!running_) return view;
  view.interfaces = running_->way.interfaces;
  view.local_address = running_->way.source;
  view.front_vrf = running_->way.vrf;
  view.inside_vrf = running_->way.inside_vrf;
  view.member = running_->group->status();
  view.sas = &running_->group->sa_table();
  view.keks = running_->group->rekey_sas();
  return view;
}

StatusView Membership::status_with_counters() {
  auto view = status();
  if (running_)
    if (auto counters = running_->plane.counters()) view.counters = std::move(*counters);
  return view;
}

}  // namespace agent
