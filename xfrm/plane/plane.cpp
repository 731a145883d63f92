// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/plane.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "xfrm/plane/installer.h"

namespace xfrm {
namespace {

bool kernel_has_ipv6() {
  return static_cast<bool>(Descriptor{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)});
}

// split_by_family gives each family its entries, and all keys.
std::array<Desired, 2> split_by_family(const Desired& desired) {
  std::array<Desired, 2> out;
  for (const Entry& entry : desired.entries) {
    const bool ipv4 = entry.selector.source.address.family == Family::ipv4;
    out[ipv4 ? 0 : 1].entries.push_back(entry);
  }
  for (const Prefix& network : desired.senders)
    out[network.address.family == Family::ipv4 ? 0 : 1].senders.push_back(network);
  for (Desired& one : out) {
    one.sender_windows = desired.sender_windows;
    one.drop_unknown_senders = desired.drop_unknown_senders;
    one.sas = desired.sas;
    one.kept = desired.kept;
    one.remove_superseded = desired.remove_superseded;
  }
  return out;
}

template <class Item, class Same, class Join>
void merge(std::vector<Item>& into, const Item& item, Same&& same, Join&& join) {
  for (Item& there : into)
    if (same(there, item)) return join(there, item);
  into.push_back(item);
}

}  // namespace

Plane::Plane(std::vector<Part> parts, Descriptor poll)
    : parts_{std::move(parts)}, poll_{std::move(poll)} {}
Plane::Plane(Plane&&) noexcept = default;
Plane& Plane::operator=(Plane&&) noexcept = default;
Plane::~Plane() = default;

Result<Plane> Plane::open(const PlaneConfig& config) {
  std::vector<Part> parts;
  auto ipv4 = Installer::open(config_of(config, Family::ipv4));
  if (!ipv4) return tl::unexpected{ipv4.error()};
  if (auto able = (*ipv4)->probe(); !able) return tl::unexpected{able.error()};
  parts.push_back({std::move(*ipv4), true});
  if (kernel_has_ipv6()) {
    auto ipv6 = Installer::open(config_of(config, Family::ipv6));
    if (!ipv6) return tl::unexpected{ipv6.error()};
    parts.push_back({std::move(*ipv6)});
  }
  Descriptor poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll) return fail(errno, "watch netlink events");
  for (const Part& part : parts) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, part.installer->event_fd(), &event) < 0)
      return fail(errno, "watch netlink events");
  }
  return Plane{std::move(parts), std::move(poll)};
}

Result<void> Plane::remove(InstallerConfig config) {
  auto installer = Installer::open(std::move(config));
  if (!installer) return tl::unexpected{installer.error()};
  return (*installer)->clear();
}

Result<void> Plane::stage(Part& part) {
  if (!part.probed)
    if (auto able = part.installer->probe(); !able) return able;
  part.probed = true;
  return part.installer->stage(part.wanted);
}

// retire removes what is no longer wanted of a family without entries.
void Plane::retire(Part& part) {
  if (part.state == FamilyState::empty) return;
  const auto gone = part.installer->clear();
  part.state = gone ? FamilyState::empty : FamilyState::unknown;
  if (!gone) failed_removals_.push_back(gone.error());
}

// is_needed: an ACL without entries is IPv4's to install.
bool Plane::is_needed(const Desired& all, const Desired& of_part, std::size_t part) {
  return !of_part.entries.empty() || (all.entries.empty() && part == 0);
}

Result<void> Plane::apply(const Desired& desired) {
  auto split = split_by_family(desired);
  std::vector<Part*> staged, idle;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.wanted = std::move(split[i]);
    if (!is_needed(desired, part.wanted, i)) {
      idle.push_back(&part);
      continue;
    }
    auto done = stage(part);
    if (done) {
      staged.push_back(&part);
      continue;
    }
    for (auto back = staged.rbegin(); back != staged.rend(); ++back)
      if (const auto undone = (*back)->installer->roll_back(); !undone)
        done.error().add_failed_undo(undone.error());
    return done;
  }
  failed_removals_.clear();
  for (Part* part : staged) {
    part->installer->commit(part->wanted);
    part->state = FamilyState::installed;
    const auto& left = part->installer->failed_removals();
    failed_removals_.insert(failed_removals_.end(), left.begin(), left.end());
  }
  for (Part* part : idle) retire(*part);
  for (Part& part : parts_) part.wanted = {};  // keys are borrowed
  return {};
}

Result<void> Plane::clear() {
  Result<void> out;
  for (Part& part : parts_) {
    if (part.state == FamilyState::empty) continue;
    auto cleared = part.installer->clear();
    part.state = cleared ? FamilyState::empty : FamilyState::unknown;
    if (!cleared && out) out = std::move(cleared);
  }
  return out;
}

Result<std::vector<SaCounters>> Plane::counters() {
  std::vector<SaCounters> out;
  for (Part& part : parts_) {
    if (part.state == FamilyState::empty) continue;
    const auto read = part.installer->counters();
    if (!read) return tl::unexpected{read.error()};
    for (const SaCounters& one : *read)
      merge(
          out, one,
          [](const auto& a, const auto& b) {
            return a.spi == b.spi && a.outbound == b.outbound && a.sender == b.sender;
          },
          [](SaCounters& a, const SaCounters& b) {
            a.packets += b.packets;
            a.bytes += b.bytes;
            a.replay_errors += b.replay_errors;
            a.integrity_errors += b.integrity_errors;
          });
  }
  return out;
}

Result<LockCounters> Plane::dropped() {
  LockCounters out;
  for (Part& part : parts_) {
    if (part.state != FamilyState::installed) continue;
    const auto read = part.installer->dropped();
    if (!read) return tl::unexpected{read.error()};
    out += *read;
  }
  return out;
}

Result<std::vector<UnknownSpi>> Plane::unknown() {
  std::vector<UnknownSpi> out;
  for (Part& part : parts_) {
    if (part.state != FamilyState::installed) continue;
    const auto read = part.installer->unknown();
    if (!read) return tl::unexpected{read.error()};
    out.insert(out.end(), read->begin(), read->end());
  }
  return out;
}

Result<ExistingState> Plane::survey() {
  ExistingState out;
  for (Part& part : parts_) {
    const auto read = part.installer->survey();
    if (!read) return tl::unexpected{read.error()};
    out.has_policy = out.has_policy || read->has_policy;
    for (const ExistingSa& one : read->sas)
      merge(
          out.sas, one,
          [](const auto& a, const auto& b) { return a.spi == b.spi && a.outbound == b.outbound; },
          [](ExistingSa& a, const ExistingSa& b) { a.packets += b.packets; });
  }
  return out;
}

// gather: both families may say the same of an interface.
Result<std::vector<std::string>> Plane::gather(
    Result<std::vector<std::string>> (Installer::*ask)()) {
  std::vector<std::string> out;
  for (Part& part : parts_) {
    if (part.state != FamilyState::installed) continue;
    const auto lines = ((*part.installer).*ask)();
    if (!lines) return tl::unexpected{lines.error()};
    for (const auto& line : *lines)
      if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(line);
  }
  return out;
}

Result<std::vector<std::string>> Plane::verify() { return gather(&Installer::verify); }

Result<std::vector<std::string>> Plane::differences() { return gather(&Installer::differences); }

Result<std::vector<PlannedChange>> Plane::plan(const Desired& desired,
                                               const PlaneOptions& options) {
  const auto split = split_by_family(desired);
  std::vector<PlannedChange> out;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    const bool needed = is_needed(desired, split[i], i);
    if (!needed && part.state == FamilyState::empty) continue;
    const auto changes =
        needed ? part.installer->plan(split[i], options) : part.installer->plan_removal();
    if (!changes) return tl::unexpected{changes.error()};
    out.insert(out.end(), changes->begin(), changes->end());
  }
  return out;
}

Result<std::vector<PlannedChange>> Plane::plan_removal() {
  std::vector<PlannedChange> out;
  for (Part& part : parts_) {
    if (part.state == FamilyState::empty) continue;
    const auto changes = part.installer->plan_removal();
    if (!changes) return tl::unexpected{changes.error()};
    out.insert(out.end(), changes->begin(), changes->end());
  }
  return out;
}

Result<Explanation> Plane::explain(const Packet& packet, std::uint32_t mark) {
  const std::size_t part = packet.source.family == Family::ipv4 ? 0 : 1;
  if (part >= parts_.size()) return fail(EAFNOSUPPORT, "packets of IPv6");
  return parts_[part].installer->explain(packet, mark);
}

void Plane::configure(const PlaneOptions& options) {
  for (Part& part : parts_) part.installer->configure(options);
}

void Plane::cover(const std::vector<std::string>& interfaces) {
  for (Part& part : parts_) part.installer->cover(interfaces);
}

void Plane::watch(const Attend& attend) {
  for (Part& part : parts_) part.installer->watch(attend);
}

bool Plane::read_events() {
  bool changed = false;
  for (Part& part : parts_) changed = part.installer->read_events() || changed;
  return changed;
}

}  // namespace xfrm
