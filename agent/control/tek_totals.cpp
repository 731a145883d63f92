// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/tek_totals.h"

#include <utility>

namespace agent {
namespace {

// growth is by how much a counter grew; one that is smaller than before began anew.
std::uint64_t growth(std::uint64_t before, std::uint64_t now) {
  return now >= before ? now - before : now;
}

}  // namespace

void TekTotals::add(std::span<const TekCounters> counters) {
  const bool first = !std::exchange(looked_, true);
  if (counters.empty()) return;
  std::map<Key, TekCounters> now;
  for (const auto& row : counters) {
    const Key key{row.spi, row.outbound};
    now.insert_or_assign(key, row);
    if (first) continue;
    const auto known = seen_.find(key);
    const auto before = known == seen_.end() ? TekCounters{} : known->second;
    auto& sum = row.outbound ? out_ : in_;
    sum.packets += growth(before.packets, row.packets);
    sum.bytes += growth(before.bytes, row.bytes);
    if (!row.outbound) {
      replay_errors_ += growth(before.replay_errors, row.replay_errors);
      integrity_errors_ += growth(before.integrity_errors, row.integrity_errors);
    }
  }
  seen_ = std::move(now);
}

}  // namespace agent
