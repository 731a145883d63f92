// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/recovery_check.h"

#include <algorithm>

#include "agent/base/timers.h"
#include "agent/group/risen.h"

namespace agent {
namespace {

constexpr std::size_t most_shown = 16;

}  // namespace

void RecoveryCheck::configure(const RecoveryOptions& options) {
  if (options == options_) return;
  options_ = options;
  limit_.configure(options.interval);
}

std::optional<Instant> RecoveryCheck::deadline() const {
  if (!options_.interval) return std::nullopt;
  return earliest({look_at_, limit_.begins_at()});
}

void RecoveryCheck::skip(Instant now) {
  look_at_ = now + look_pause;
  limit_.cancel();
}

void RecoveryCheck::forget() { ours_.forget(); }

// follow learns which SPIs are ours.
void RecoveryCheck::follow(std::vector<gdoi::Spi> received, Instant now) {
  ours_.follow(std::move(received), now);
  std::erase_if(senders_, [&](const auto& one) { return ours_.held_lately(one.first.second); });
  limit_.wake(now);
  if (std::none_of(causes_.begin(), causes_.end(), [&](gdoi::Spi spi) { return ours_.holds(spi); }))
    return;
  limit_.helped();
  causes_.clear();
}

void RecoveryCheck::look(std::span<const UnknownSpi> counted, std::vector<gdoi::Spi> received,
                         Instant now, gdoi::Random& random) {
  look_at_ = now + look_pause;
  follow(std::move(received), now);
  std::map<Key, std::uint64_t> counts;
  for (const auto& one : counted) {
    const Key key{one.source, one.spi};
    const auto before = counts_.find(key);
    const auto fresh = risen(before == counts_.end() ? 0 : before->second, one.packets);
    counts[key] = one.packets;
    if (fresh == 0 || ours_.held_lately(one.spi)) continue;
    packets_ += fresh;
    auto& sender = senders_.try_emplace(key, Sender{now, now, 0}).first->second;
    sender.packets += fresh;
    sender.last = now;
  }
  counts_ = std::move(counts);
  std::erase_if(senders_, [&](const auto& one) { return one.second.last + memory < now; });
  if (!strange(now).empty()) limit_.request(now, {}, random);
}

// strange lists the SPIs that are a reason to register.
std::vector<StrangeSpi> RecoveryCheck::strange(Instant now) const {
  struct Seen {
    Sender all;
    std::vector<std::pair<std::uint64_t, gdoi::Address>> senders;
  };
  std::map<gdoi::Spi, Seen> seen;
  for (const auto& [key, sender] : senders_) {
    auto& of_spi = seen.try_emplace(key.second, Seen{sender, {}}).first->second;
    if (!of_spi.senders.empty()) {
      of_spi.all.first = std::min(of_spi.all.first, sender.first);
      of_spi.all.last = std::max(of_spi.all.last, sender.last);
      of_spi.all.packets += sender.packets;
    }
    of_spi.senders.emplace_back(sender.packets, key.first);
  }
  std::vector<StrangeSpi> out;
  for (auto& [spi, found] : seen) {
    const auto& [first, last, packets] = found.all;
    // Not again since the look before the last one: it is over.
    if (last + 2 * look_pause < now) continue;
    if (last - first < persistence || packets < options_.packets) continue;
    std::sort(found.senders.rbegin(), found.senders.rend());
    out.push_back({spi, packets, {}});
    for (const auto& [sent, address] : found.senders) out.back().senders.push_back(address);
  }
  return out;
}

std::vector<StrangeSpi> RecoveryCheck::take(std::vector<gdoi::Spi> received, Instant now) {
  if (!limit_.is_due(now)) return {};
  follow(std::move(received), now);
  auto out = strange(now);
  if (out.empty()) {
    limit_.cancel();
    return out;
  }
  limit_.begin(now);
  causes_.clear();
  for (const auto& one : out) causes_.push_back(one.spi);
  senders_.clear();  // what comes from now on counts for the next time
  return out;
}

RecoveryStatus RecoveryCheck::status(Instant now) const {
  RecoveryStatus out;
  out.packets = packets_;
  out.limit = limit_.status(now);
  for (const auto& [key, sender] : senders_)
    out.senders.push_back({key.first, key.second, sender.packets, sender.last});
  std::sort(out.senders.begin(), out.senders.end(),
            [](const auto& a, const auto& b) { return a.packets > b.packets; });
  if (out.senders.size() > most_shown) out.senders.resize(most_shown);
  return out;
}

}  // namespace agent
