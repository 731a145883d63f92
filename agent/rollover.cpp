// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/rollover.h"

#include <algorithm>
#include <tuple>

namespace agent {
namespace {

using Entry = gdoi::AccessEntry;

}  // namespace

Changeover::Changeover(Predecessor before, Instant now) : now_{now} {
  auto& sent = before.sent;
  std::erase_if(sent, [now](const SentTek& tek) { return tek.until <= now; });
  std::sort(sent.begin(), sent.end());
  for (const auto& entry : before.entries) {
    if (entry.action != Entry::Action::permit) continue;
    const auto tek = std::partition_point(
        sent.begin(), sent.end(), [&](const SentTek& other) { return other.spi < entry.spi; });
    if (tek != sent.end() && tek->spi == entry.spi)
      served_.push_back({&entry.selector, tek->until});
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
