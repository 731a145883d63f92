// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/replay_check.h"

#include <tuple>
#include <utility>

#include "agent/group/risen.h"

namespace agent {

bool ReplayCheck::NetworkOrder::operator()(const gdoi::AddressRange& a,
                                           const gdoi::AddressRange& b) const {
  return std::tie(a.first, a.last) < std::tie(b.first, b.last);
}

void ReplayCheck::configure(bool on) {
  on_ = on;
  if (on) return;
  based_ = false;
  counts_.clear();
  told_.clear();
}

std::optional<Instant> ReplayCheck::deadline() const {
  return on_ ? std::optional{look_at_} : std::nullopt;
}

std::vector<SenderDrops> ReplayCheck::look(std::span<const TekCounters> counted, Instant now) {
  look_at_ = now + look_pause;
  std::erase_if(told_, [&](const auto& one) { return now >= one.second + silence; });
  decltype(counts_) found;
  std::map<gdoi::AddressRange, Count, NetworkOrder> rise;
  for (const auto& tek : counted) {
    const auto before = counts_.find(tek.spi);
    for (const auto& sender : tek.senders) {
      const Count count{sender.packets, sender.replay_errors};
      found[tek.spi][sender.network] = count;
      Count was;
      if (before != counts_.end())
        if (const auto at = before->second.find(sender.network); at != before->second.end())
          was = at->second;
      auto& sum = rise[sender.network];
      sum.packets += risen(was.packets, count.packets);
      sum.dropped += risen(was.dropped, count.dropped);
    }
  }
  counts_ = std::move(found);
  std::vector<SenderDrops> out;
  if (!std::exchange(based_, true)) return out;
  for (const auto& [network, count] : rise) {
    const bool striking = count.dropped >= least_drops && count.packets > 0 &&
                          count.dropped >= (count.packets + count.dropped) / 10;
    if (striking && told_.emplace(network, now).second)
      out.push_back({network, count.packets, count.dropped});
  }
  return out;
}

}  // namespace agent
