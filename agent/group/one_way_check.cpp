// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/one_way_check.h"

#include <algorithm>
#include <utility>

#include "agent/base/timers.h"
#include "agent/group/risen.h"

namespace agent {

void OneWayCheck::configure(const RecoveryOptions& options) {
  if (options == options_) return;
  options_ = options;
  limit_.configure(options.interval);
}

std::optional<Instant> OneWayCheck::deadline() const {
  if (!limit_.is_on()) return std::nullopt;
  return earliest({look_at_, limit_.begins_at()});
}

void OneWayCheck::skip(Instant now) {
  look_at_ = now + look_pause;
  silent_since_.reset();
  unanswered_ = 0;
  limit_.cancel();
}

// fresh is what was counted since the look before, or since there is such an SPI.
OneWayCheck::Fresh OneWayCheck::fresh(std::span<const TekCounters> counted) {
  Fresh out;
  std::map<std::pair<gdoi::Spi, bool>, std::uint64_t> counts;
  for (const auto& row : counted) {
    const std::pair key{row.spi, row.outbound};
    const auto before = counts_.find(key);
    (row.outbound ? out.out : out.in) +=
        risen(before == counts_.end() ? 0 : before->second, row.packets);
    counts[key] = row.packets;
  }
  counts_ = std::move(counts);
  return out;
}

void OneWayCheck::look(std::span<const TekCounters> counted, Instant now, gdoi::Random& random) {
  look_at_ = now + look_pause;
  const auto packets = fresh(counted);
  const auto before = std::exchange(looked_at_, now);
  limit_.wake(now);
  if (packets.in > 0) {
    if (std::exchange(waits_for_help_, false)) limit_.helped();
    if (4 * packets.in >= packets.out) answered_at_ = now;
    silent_since_.reset();
    unanswered_ = 0;
    return limit_.cancel();
  }
  if (packets.out == 0) return;
  // Since a look that was skipped much may have passed.
  if (!silent_since_) silent_since_ = std::max(before, now - look_pause);
  unanswered_ += packets.out;
  const bool answered = answered_at_ && *answered_at_ + memory >= *silent_since_;
  if (answered && unanswered_ >= options_.packets && now - *silent_since_ >= persistence)
    limit_.request(now, {}, random);
}

std::optional<OneWay> OneWayCheck::take(Instant now) {
  if (!limit_.is_due(now)) return std::nullopt;
  limit_.begin(now);
  waits_for_help_ = true;
  const auto since = silent_since_.value_or(now);
  return OneWay{unanswered_, std::chrono::duration_cast<seconds>(now - since)};
}

}  // namespace agent
