// SPDX-License-Identifier: GPL-2.0-or-later
// SaTable, the part that says what the data plane is told.
#include <algorithm>
#include <tuple>
#include <utility>

#include "agent/base/timers.h"
#include "agent/group/sa_table.h"

namespace agent {

bool SaTable::may_send(const gdoi::Tek& tek) noexcept {
  return tek.policy.direction != gdoi::SaDirection::receiver_only;
}

bool SaTable::may_receive(const gdoi::Tek& tek) noexcept {
  return tek.policy.direction != gdoi::SaDirection::sender_only;
}

// wanted: the last TEK with `send` is the one to send on, so those kept from before come first,
// then those of the policy in force, the longest lasting one last.
SaTable::Wanted SaTable::wanted(std::span<const gdoi::AccessEntry> entries,
                                std::span<const gdoi::Spi> receive_only, const Content& content,
                                Instant now) const {
  std::vector<const TekEntry*> teks;
  for (const auto& entry : content.teks)
    if (entry.expires > now) teks.push_back(&entry);
  std::sort(teks.begin(), teks.end(), [](const TekEntry* a, const TekEntry* b) {
    return std::tie(a->current, a->expires, a->tek->spi) <
           std::tie(b->current, b->expires, b->tek->spi);
  });
  Wanted wanted;
  auto& [out, kept] = wanted;
  out.entries = entries;
  out.receive_only = receive_only;
  for (const auto* entry : teks)
    out.teks.push_back({entry->tek.get(), whole_seconds_until(entry->expires, now),
                        may_receive(*entry->tek),
                        may_send(*entry->tek) && entry->send_from <= now});
  for (const auto& adopted : content.adopted)
    if (adopted.expires > now) kept.push_back(adopted.sa);
  out.kept = kept;
  out.remove_superseded = settle_at_ && *settle_at_ <= now;
  return wanted;
}

Result<void> SaTable::apply(DataPlane& plane, std::span<const gdoi::AccessEntry> entries,
                            std::span<const gdoi::Spi> receive_only, const Content& content,
                            Instant now) {
  const auto told = wanted(entries, receive_only, content, now);
  auto applied = plane.apply(told.installation);
  if (!applied) return tl::unexpected<Error>{std::move(applied.error())};
  take_applied(std::move(*applied), told.installation.remove_superseded, now);
  return {};
}

std::optional<SaTable::Wanted> SaTable::wanted(Instant now) const {
  if (!closed() && from_) return wanted(entries_, receive_only_, content_, now);
  if (!closed()) return std::nullopt;
  Wanted out;
  out.installation.mode = Installation::Mode::closed;
  return out;
}

// take_applied: when there is a new state to send on beside an older one, the older one may go
// after a while; and when a predecessor left several.
void SaTable::take_applied(Applied applied, bool settled, Instant now) {
  const auto sends = [](const Applied& state, gdoi::Spi spi) {
    const auto* tek = state.find(spi);
    return tek != nullptr && tek->send;
  };
  bool fresh = false, older = false;
  for (const auto& tek : applied.teks)
    if (tek.send) (sends(applied_, tek.spi) ? older : fresh) = true;
  if (settled) settle_at_.reset();
  if ((fresh && older) || std::exchange(adopted_several_, false)) settle_at_ = now + settle_pause;
  applied_ = std::move(applied);
}

}  // namespace agent
