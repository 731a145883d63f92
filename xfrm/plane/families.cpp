// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/families.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

namespace xfrm {
namespace {

bool kernel_has_ipv6() {
  return Descriptor{::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0)}.is_open();
}

// deal gives each family its entries, and all keys. IPv4 is dealt in also when there is no entry.
std::array<Desired, 2> deal(const Desired& desired) {
  std::array<Desired, 2> out;
  for (const Entry& entry : desired.entries) {
    const bool ipv4 = entry.selector.source.address.family == Family::ipv4;
    out[ipv4 ? 0 : 1].entries.push_back(entry);
  }
  for (Desired& one : out) {
    one.sas = desired.sas;
    one.kept = desired.kept;
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

Families::Families(std::vector<Part> parts, Descriptor poll)
    : parts_{std::move(parts)}, poll_{std::move(poll)} {}

Result<std::unique_ptr<Families>> Families::open(const PlaneConfig& config) {
  std::vector<Part> parts;
  auto ipv4 = Installer::open(config);
  if (!ipv4) return tl::unexpected{ipv4.error()};
  if (auto able = (*ipv4)->probe(); !able) return tl::unexpected{able.error()};
  parts.push_back({std::move(*ipv4), true});
  if (kernel_has_ipv6()) {
    PlaneConfig other = config;
    other.in_anchor = config.in_anchor6;
    other.out_anchor = config.out_anchor6;
    auto ipv6 = Installer::open(std::move(other));
    if (!ipv6) return tl::unexpected{ipv6.error()};
    parts.push_back({std::move(*ipv6)});
  }
  Descriptor poll{::epoll_create1(EPOLL_CLOEXEC)};
  if (!poll.is_open()) return fail(errno, "watch netlink events");
  for (const Part& part : parts) {
    epoll_event event{};
    event.events = EPOLLIN;
    if (::epoll_ctl(poll.get(), EPOLL_CTL_ADD, part.installer->event_fd(), &event) < 0)
      return fail(errno, "watch netlink events");
  }
  return std::unique_ptr<Families>{new Families{std::move(parts), std::move(poll)}};
}

Result<void> Families::stage(Part& part) {
  if (!part.probed)
    if (auto able = part.installer->probe(); !able) return able;
  part.probed = true;
  return part.installer->stage(part.wanted);
}

// retire removes what is no longer wanted of a family without entries.
void Families::retire(Part& part) {
  if (part.use == Use::none) return;
  const auto gone = part.installer->clear();
  part.use = gone ? Use::none : Use::unknown;
  if (!gone) failed_removals_.push_back(gone.error());
}

Result<void> Families::apply(const Desired& desired) {
  auto dealt = deal(desired);
  const bool nothing = desired.entries.empty();
  std::vector<Part*> staged, idle;
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.wanted = std::move(dealt[i]);
    const bool needed = !part.wanted.entries.empty() || (nothing && i == 0);
    if (!needed) {
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
        done.error().detail += "; and taking back failed: " + undone.error().message();
    return done;
  }
  failed_removals_.clear();
  for (Part* part : staged) {
    part->installer->commit(part->wanted);
    part->use = Use::list;
    const auto& left = part->installer->failed_removals();
    failed_removals_.insert(failed_removals_.end(), left.begin(), left.end());
  }
  for (Part* part : idle) retire(*part);
  for (Part& part : parts_) part.wanted = {};  // keys are borrowed
  return {};
}

Result<void> Families::clear() {
  Result<void> out;
  for (Part& part : parts_) {
    if (part.use == Use::none) continue;
    auto cleared = part.installer->clear();
    part.use = cleared ? Use::none : Use::unknown;
    if (!cleared && out) out = std::move(cleared);
  }
  return out;
}

Result<std::vector<SaCounters>> Families::counters() {
  std::vector<SaCounters> out;
  for (Part& part : parts_) {
    if (part.use == Use::none) continue;
    const auto read = part.installer->counters();
    if (!read) return tl::unexpected{read.error()};
    for (const SaCounters& one : *read)
      merge(
          out, one,
          [](const auto& a, const auto& b) { return a.spi == b.spi && a.outbound == b.outbound; },
          [](SaCounters& a, const SaCounters& b) {
            a.packets += b.packets;
            a.bytes += b.bytes;
            a.replay_errors += b.replay_errors;
            a.integrity_errors += b.integrity_errors;
          });
  }
  return out;
}

Result<ExistingState> Families::survey() {
  ExistingState out;
  for (Part& part : parts_) {
    const auto read = part.installer->survey();
    if (!read) return tl::unexpected{read.error()};
    out.list = out.list || read->list;
    for (const ExistingSa& one : read->sas)
      merge(
          out.sas, one,
          [](const auto& a, const auto& b) { return a.spi == b.spi && a.outbound == b.outbound; },
          [](ExistingSa& a, const ExistingSa& b) { a.packets += b.packets; });
  }
  return out;
}

Result<std::vector<std::string>> Families::verify() {
  std::vector<std::string> out;
  for (Part& part : parts_) {
    if (part.use != Use::list) continue;
    const auto lines = part.installer->verify();
    if (!lines) return tl::unexpected{lines.error()};
    for (const auto& line : *lines)
      if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(line);
  }
  return out;
}

void Families::set_precedence(std::uint32_t precedence) {
  for (Part& part : parts_) part.installer->set_precedence(precedence);
}

void Families::set_mss_clamp(std::optional<std::uint16_t> mss_clamp) {
  for (Part& part : parts_) part.installer->set_mss_clamp(mss_clamp);
}

bool Families::read_events() {
  bool changed = false;
  for (Part& part : parts_) changed = part.installer->read_events() || changed;
  return changed;
}

}  // namespace xfrm
