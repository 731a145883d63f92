// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/rollover.h"

#include <algorithm>
#include <map>
#include <tuple>

namespace agent {
namespace {

using Entry = gdoi::AccessEntry;

// sent_on lists the TEKs we can send on now, with their ends.
std::map<gdoi::Spi, Instant> sent_on(std::span<const HeldTek> teks, Instant now) {
  std::map<gdoi::Spi, Instant> out;
  for (const auto& held : teks) {
    const bool sends = held.tek.policy.direction != gdoi::SaDirection::receiver_only;
    if (sends && held.usable_from <= now && held.expires > now)
      out.emplace(held.tek.spi, held.expires);
  }
  return out;
}

}  // namespace

Changeover::Changeover(const Predecessor& before, Instant now) : now_{now} {
  const auto sent = sent_on(before.teks, now);
  for (const auto& entry : before.entries) {
    if (entry.action != Entry::Action::permit) continue;
    if (const auto tek = sent.find(entry.spi); tek != sent.end())
      served_.push_back({&entry.selector, tek->second});
  }
  std::sort(served_.begin(), served_.end(), [](const Served& a, const Served& b) {
    return std::tie(*a.selector, a.until) < std::tie(*b.selector, b.until);
  });
}

// first_gap is when the first of the lines of `spi` runs out of a TEK to send on.
std::optional<Instant> Changeover::first_gap(gdoi::Spi spi, std::span<const Entry> entries) const {
  std::optional<Instant> first;
  for (const auto& entry : entries) {
    if (entry.action != Entry::Action::permit || entry.spi != spi) continue;
    const auto after = std::upper_bound(
        served_.begin(), served_.end(), entry.selector,
        [](const auto& selector, const Served& row) { return selector < *row.selector; });
    if (after == served_.begin()) continue;
    const auto& last = *(after - 1);
    if (*last.selector != entry.selector) continue;
    first = std::min(first.value_or(last.until), last.until);
  }
  return first;
}

Instant Changeover::first_use(const gdoi::Tek& fresh, std::span<const Entry> entries,
                              std::optional<seconds> activation_delay) const {
  const auto gap = first_gap(fresh.spi, entries);
  if (!gap) return now_;
  if (activation_delay) return std::min(now_ + *activation_delay, *gap);

  const auto life = fresh.policy.lifetime;
  const auto at_the_latest = now_ + std::min<seconds>(seconds{30} + life / 10, life / 2);
  return std::max(now_, std::min(*gap - last_moment, at_the_latest));
}

}  // namespace agent
