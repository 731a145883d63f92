// SPDX-License-Identifier: GPL-2.0-or-later
// GroupInstance, the part that follows its surroundings: where the key servers are, over which
// interfaces they are reached, and from which address.
#include <algorithm>

#include "agent/base/address.h"
#include "agent/base/timers.h"
#include "agent/group_instance.h"

namespace agent {

void GroupInstance::ways_changed(const WayChanges& changes, Instant now) {
  if (changes.ways) defaults_.reset();
  if (changes.any && !ways_at_) ways_at_ = std::max(now, ways_seen_ + ways_pause);
}

// follow_ways protects what has become a way out, before much of what the list protects leaves by
// it. The old list stays in force on what was protected before.
void GroupInstance::follow_ways(Instant now) {
  if (!ways_at_ || now < *ways_at_) return;
  ways_at_.reset();
  ways_seen_ = now;
  if (!running_) {
    look_at_ = std::min(look_at_, now);
    return;
  }
  look_at_source(now);
  const auto uplink = find_uplink();
  if (!uplink) return;
  give_advice(*uplink);
  if (uplink->interfaces == running_->uplink.interfaces) return;
  cover(*uplink);
  running_->session->configure(group_options(config(), running_->uplink));
  running_->session->reapply(now);
}

// cover has the interfaces of an uplink protected, from the next time on that the list is applied.
void GroupInstance::cover(const Uplink& uplink) {
  auto& covered = running_->uplink.interfaces;
  const auto interfaces = fmt::format("{}", fmt::join(uplink.interfaces, ", "));
  events_.tell(Level::notice, EventKind::uplink, config().group_name, {{"interfaces", interfaces}},
               "WAN interfaces: {} instead of {}", interfaces, fmt::join(covered, ", "));
  covered = covered_ = uplink.interfaces;
  running_->uplink.ways = uplink.ways;
  running_->plane.cover(covered);
  services_.network.listen(running_->uplink.vrf, this, listening_, covered);
}

// known_key_servers leaves out, and names, those that there is no secret for: of a name, whose
// addresses were not known when the secrets were read.
std::vector<KeyServer> GroupInstance::known_key_servers() {
  auto out = names_.known();
  std::string left_out;
  std::erase_if(out, [&](const KeyServer& server) {
    if (setup_.credentials.can_ask(server, config().authentication)) return false;
    left_out += fmt::format("{}{} ({})", left_out.empty() ? "" : ", ", to_string(server.address),
                            server.name);
    return true;
  });
  if (left_out != last_left_out_ && !left_out.empty())
    log_.warning("{}: no secret for key server {}, and none for 'any': it is not asked",
                 config().authentication.secrets_file, left_out);
  last_left_out_ = std::move(left_out);
  return out;
}

// group_now is the group with key servers where they are now.
ConfiguredGroup GroupInstance::group_now() const {
  auto out = setup_.group;
  out.config.key_servers = key_servers_;
  return out;
}

void GroupInstance::locate_key_servers() { locating_ = true; }

void GroupInstance::follow_names(Instant now) {
  if (names_.wake(now) && !running_) look_at_ = std::min(look_at_, now);
}

// answer_location tells the session where key servers are, once all names were looked up.
void GroupInstance::answer_location(Instant now) {
  if (!locating_) return;
  names_.look_up(now);
  if (names_.is_busy()) return;
  locating_ = false;
  auto known = known_key_servers();
  const bool moved = !known.empty() && known != key_servers_;
  auto before = key_servers_;
  if (moved) key_servers_ = std::move(known);
  const auto uplink = find_uplink();
  if (!uplink) {  // no route leads to any of them: those of before are as good
    key_servers_ = std::move(before);
    return running_->session->set_key_servers({}, now);
  }
  move_key_servers(*uplink, moved, now);
}

// move_key_servers: GDOI with their new addresses must pass before the first of them is asked.
void GroupInstance::move_key_servers(const Uplink& uplink, bool moved, Instant now) {
  const bool other_interfaces = uplink.interfaces != running_->uplink.interfaces;
  if (other_interfaces) cover(uplink);
  if (moved) {
    running_->uplink = uplink;
    running_->plane.configure(group_now());
  }
  running_->uplink.sources = uplink.sources;
  if (moved || other_interfaces) {
    running_->session->configure(group_options(config(), running_->uplink));
    running_->session->reapply(now);
  }
  auto asked = asked_key_servers(setup_, key_servers_, uplink);
  running_->session->set_key_servers(std::move(asked), now);
}

// give_advice says once what is wrong.
void GroupInstance::give_advice(const Uplink& uplink) {
  auto text = advice(uplink);
  if (text == last_advice_) return;
  last_advice_ = std::move(text);
  if (!last_advice_.empty()) log_.warning("{}", last_advice_);
}

Result<void> GroupInstance::find_defaults() {
  if (defaults_) return {};
  auto found = default_interfaces(config().vrf);
  if (!found) return tl::unexpected<Error>{found.error()};
  defaults_ = std::move(*found);
  return {};
}

Result<Uplink> GroupInstance::find_uplink() {
  if (auto found = find_defaults(); !found) return tl::unexpected<Error>{found.error()};
  if (key_servers_.empty()) return fail(names_.obstacle());
  return resolve_uplink(
      key_servers_, {config().vrf, config().interfaces, *defaults_, covered_, config().sources});
}

// lost_source tells whether the address by which the key servers know us is no longer ours: as when
// a PPP link was made anew, or what is configured for it has another one.
bool GroupInstance::lost_source() const {
  const auto& source = running_->uplink.source;
  if (config().sources.empty()) return !is_local(source);
  const auto chosen = chosen_source(config().sources, source.family);
  return !chosen || *chosen != source;
}

// A registration that fails may do so because our address or the way out changed: then begin anew.
// What is in the kernel stays there until the next policy, so nothing leaks meanwhile.
void GroupInstance::recheck_uplink(Instant now) {
  if (now < look_at_) return;
  if (running_->session->status().state != gdoi::MemberStatus::State::waiting && !lost_source_)
    return;
  look_at_ = now + recheck_pause;
  const auto uplink = find_uplink();
  if (!uplink) return;
  running_->uplink.ways = uplink->ways;
  if (*uplink == running_->uplink) return;
  const auto interfaces = fmt::format("{}", fmt::join(uplink->interfaces, ", "));
  const auto address = to_string(uplink->source);
  events_.tell(Level::notice, EventKind::uplink, config().group_name,
               {{"interfaces", interfaces}, {"address", address}},
               "uplink changed: from {} on {} to {} on {}", to_string(running_->uplink.source),
               fmt::join(running_->uplink.interfaces, ", "), address, interfaces);
  running_->session->leave(now);
  end_running();
  look_at_ = now;
}

Result<void> GroupInstance::open_uplink(Instant now) {
  if (now < look_at_) return {};
  look_at_ = now + look_pause;
  key_servers_ = known_key_servers();
  names_.look_up_if_due(now);
  auto uplink = find_uplink();
  if (uplink) {
    auto begun = begin(std::move(*uplink), now);
    if (begun || find_uplink()) return begun;
    end_running();  // it was removed concurrently
    return {};
  }
  fail_close_early();
  if (uplink.error().what == last_obstacle_) return {};
  last_obstacle_ = uplink.error().what;
  events_.tell(Level::notice, EventKind::uplink, config().group_name, {{"reason", last_obstacle_}},
               "waiting for a route to a key server: {}", last_obstacle_);
  return {};
}

// Without a route there is nothing to register by, but fail-close must not wait for one.
void GroupInstance::fail_close_early() {
  if (!config().fail_close || early_) return;
  auto interfaces = present_interfaces(config().interfaces);
  if (interfaces && config().interfaces.empty()) *interfaces = defaults_.value_or(*interfaces);
  if (!interfaces || interfaces->empty()) return;
  auto plane = XfrmPlane::open(group_now(), *interfaces, log_);
  if (!plane) return;  // open_uplink says what is missing
  watch_work(*plane);
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
                                                        : "the list of an earlier run is in force",
              fmt::join(*interfaces, ", "));
}

}  // namespace agent
