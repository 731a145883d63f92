// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/send_schedule.h"

#include <algorithm>
#include <tuple>

#include "agent/base/timers.h"

namespace agent {
namespace {

using Entry = gdoi::AccessEntry;

// sort_by_end puts rows of one selector together, the longest lasting one last.
template <class Rows>
void sort_by_end(Rows& rows) {
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) {
    return std::tie(*a.selector, a.until) < std::tie(*b.selector, b.until);
  });
}

// find_sent looks a TEK up; `teks` are sorted.
const SentTek* find_sent(std::span<const SentTek> teks, gdoi::Spi spi) {
  const auto at = std::partition_point(teks.begin(), teks.end(),
                                       [&](const SentTek& other) { return other.spi < spi; });
  return at != teks.end() && at->spi == spi ? &*at : nullptr;
}

// one_class tells whether all permit lines have their TEKs in common: each stands there under each.
bool one_class(std::span<const Entry> entries) {
  std::vector<gdoi::Spi> spis;
  std::vector<std::pair<const gdoi::TrafficSelector*, gdoi::Spi>> lines;
  for (const auto& entry : entries) {
    if (entry.action != Entry::Action::permit) continue;
    if (spis.empty() || spis.back() != entry.spi) spis.push_back(entry.spi);
    lines.emplace_back(&entry.selector, entry.spi);
  }
  std::sort(spis.begin(), spis.end());
  spis.erase(std::unique(spis.begin(), spis.end()), spis.end());
  if (spis.size() < 2) return !spis.empty();
  const auto key = [](const auto& line) { return std::tie(*line.first, line.second); };
  std::sort(lines.begin(), lines.end(),
            [&](const auto& a, const auto& b) { return key(a) < key(b); });
  lines.erase(std::unique(lines.begin(), lines.end(),
                          [&](const auto& a, const auto& b) { return key(a) == key(b); }),
              lines.end());
  std::size_t selectors = 0;
  for (std::size_t i = 0; i < lines.size(); ++i)
    if (i == 0 || *lines[i].first != *lines[i - 1].first) ++selectors;
  return lines.size() == selectors * spis.size();
}

// longest_lasting is that TEK of `sent`, which is sorted, that serves a line and ends last.
std::optional<SentTek> longest_lasting(std::span<const Entry> entries,
                                       std::span<const SentTek> sent) {
  const SentTek* out = nullptr;
  std::optional<gdoi::Spi> before;
  for (const auto& entry : entries) {
    if (entry.action != Entry::Action::permit || entry.spi == before) continue;
    before = entry.spi;
    const auto* tek = find_sent(sent, entry.spi);
    if (tek != nullptr && (out == nullptr || out->until < tek->until)) out = tek;
  }
  return out == nullptr ? std::nullopt : std::optional{*out};
}

}  // namespace

SendSchedule::SendSchedule(Predecessor before, const gdoi::GroupPolicy& next, Instant now)
    : now_{now} {
  auto& sent = before.sent;
  std::erase_if(sent, [now](const SentTek& tek) { return tek.until <= now; });
  std::sort(sent.begin(), sent.end());
  // The common group, of which a rekey is to take no longer for many lines than for one.
  if (one_class(before.entries) && one_class(next.entries)) {
    for_all_ = longest_lasting(before.entries, sent);
    if (for_all_) return;
  }
  for (const auto& entry : before.entries) {
    if (entry.action != Entry::Action::permit) continue;
    if (const auto* tek = find_sent(sent, entry.spi))
      served_.push_back({&entry.selector, tek->until, tek->spi});
  }
  sort_by_end(served_);
  serve_from_within(next);
}

// serve_from_within adds the lines that nothing served before, but more than one TEK of the policy
// itself does: who comes new finds the others sending on the one that ends first.
void SendSchedule::serve_from_within(const gdoi::GroupPolicy& next) {
  if (next.teks.size() < 2) return;
  std::vector<SentTek> ends;
  for (const auto& tek : next.teks)
    if (tek.policy.direction != gdoi::SaDirection::receiver_only)
      ends.push_back({tek.spi, now_ + tek.policy.lifetime});
  std::sort(ends.begin(), ends.end());

  std::vector<Served> rows;
  for (const auto& entry : next.entries) {
    if (entry.action != Entry::Action::permit) continue;
    if (const auto* tek = find_sent(ends, entry.spi))
      rows.push_back({&entry.selector, tek->until, tek->spi});
  }
  sort_by_end(rows);
  const auto same_line = [](const Served& a, const Served& b) {
    return *a.selector == *b.selector;
  };
  const auto known = served_.size();
  for (std::size_t i = 0; i + 1 < rows.size(); ++i) {
    const bool first_of_several =
        same_line(rows[i], rows[i + 1]) && (i == 0 || !same_line(rows[i - 1], rows[i]));
    const auto by_selector = [](const Served& a, const Served& b) {
      return *a.selector < *b.selector;
    };
    if (first_of_several &&
        !std::binary_search(served_.begin(), served_.begin() + static_cast<std::ptrdiff_t>(known),
                            rows[i], by_selector))
      served_.push_back(rows[i]);
  }
  sort_by_end(served_);
}

// first_gap is when the first of the lines of `spi` runs out of a TEK to send on.
std::optional<Instant> SendSchedule::first_gap(gdoi::Spi spi,
                                               std::span<const Entry> entries) const {
  if (for_all_) {
    const bool is_needed = std::any_of(entries.begin(), entries.end(), [&](const Entry& entry) {
      return entry.action == Entry::Action::permit && entry.spi == spi;
    });
    return is_needed && for_all_->spi != spi ? std::optional{for_all_->until} : std::nullopt;
  }
  std::optional<Instant> first;
  for (const auto& entry : entries) {
    if (entry.action != Entry::Action::permit || entry.spi != spi) continue;
    const auto after = std::upper_bound(
        served_.begin(), served_.end(), entry.selector,
        [](const auto& selector, const Served& row) { return selector < *row.selector; });
    if (after == served_.begin()) continue;
    const auto& last = *(after - 1);
    if (*last.selector != entry.selector || last.by == spi) continue;
    first = earliest({first, last.until});
  }
  return first;
}

FirstUse SendSchedule::first_use(const gdoi::Tek& fresh, const gdoi::GroupPolicy& policy) const {
  const auto gap = first_gap(fresh.spi, policy.entries);
  if (!gap) return {now_, now_};
  if (policy.activation_delay)
    return {std::max(now_, std::min(now_ + *policy.activation_delay, *gap - last_seconds)), *gap};

  const auto life = fresh.policy.lifetime;
  const auto at_the_latest = now_ + std::min<seconds>(seconds{30} + life / 10, life / 2);
  return {std::max(now_, std::min(*gap - last_moment, at_the_latest)), *gap, true};
}

}  // namespace agent
