// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/assemble/tek_lifetimes.h"

#include <algorithm>
#include <tuple>

namespace gdoi {
namespace {

// serving_sets lists the SPIs that serve each permitted selector, equal sets once.
std::vector<std::vector<Spi>> serving_sets(const std::vector<AccessEntry>& entries) {
  std::vector<const AccessEntry*> permits;
  for (const auto& entry : entries)
    if (entry.action == AccessEntry::Action::permit) permits.push_back(&entry);
  // The common group has one TEK for all its lines.
  const auto is_of_first = [&](const auto* entry) { return entry->spi == permits.front()->spi; };
  if (!permits.empty() && std::all_of(permits.begin(), permits.end(), is_of_first))
    return {{permits.front()->spi}};
  std::sort(permits.begin(), permits.end(), [](const auto* a, const auto* b) {
    return std::tie(a->selector, a->spi) < std::tie(b->selector, b->spi);
  });

  std::vector<std::vector<Spi>> out;
  const AccessEntry* before = nullptr;
  for (const auto* entry : permits) {
    if (before == nullptr || before->selector != entry->selector) {
      // Amid a rollover all its lines have two.
      if (out.size() > 1 && out.back() == out[out.size() - 2]) out.pop_back();
      out.emplace_back();
    }
    out.back().push_back(entry->spi);
    before = entry;
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace

TekLifetimes::TekLifetimes(const GroupPolicy& policy, Instant received_at)
    : serving_{serving_sets(policy.entries)} {
  for (const auto& tek : policy.teks) ends_.emplace(tek.spi, received_at + tek.policy.lifetime);
}

void TekLifetimes::remove(const std::function<bool(Spi)>& deleted) {
  std::erase_if(ends_, [&](const auto& tek) { return deleted(tek.first); });
}

std::optional<Instant> TekLifetimes::ends() const {
  std::optional<Instant> first;
  for (const auto& spis : serving_) {
    Instant last = Instant::min();
    for (const Spi spi : spis)
      if (const auto tek = ends_.find(spi); tek != ends_.end()) last = std::max(last, tek->second);
    first = std::min(first.value_or(last), last);
  }
  return first;
}

}  // namespace gdoi
