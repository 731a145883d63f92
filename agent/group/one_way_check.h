// SPDX-License-Identifier: GPL-2.0-or-later
// When traffic that has become one-way is a reason to register again.
//
// A member that alone has an old key is not told by ESP under unknown SPIs (recovery_check.h) as
// long as all behind it waits for answers: the others cannot read what it sends, so nothing comes
// back. What shows is that packets go out, and those that answered before are silent. So a
// registration with the next key server begins when
//
//   - for at least `persistence`, and as many packets as configured, nothing came in,
//   - and in the last `memory` before, others sent at least a quarter of what we did: one that only
//     sends, such as the source of a multicast group, is no sign.
//
// A site that is down causes the same, and so can whoever is on the path; RecoveryLimit tells how
// often one may register. The last registration helped when packets come in again.
//
// Pure: counts and instants in, decisions out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>

#include "agent/config/config.h"
#include "agent/group/ports.h"
#include "agent/group/recovery_limit.h"

namespace agent {

// OneWay is traffic that a registration is begun for.
struct OneWay {
  std::uint64_t unanswered = 0;  // packets
  seconds span{0};               // in which they went out
};

class OneWayCheck {
 public:
  static constexpr seconds look_pause{10}, persistence{20}, memory{300};
  // More than the other checks have: many members lose sight of a site at a time.
  static constexpr milliseconds jitter{25000};

  explicit OneWayCheck(const RecoveryOptions& options)
      : options_{options}, limit_{options.interval, jitter} {}
  void configure(const RecoveryOptions& options);

  // deadline is when to look at the data plane next, or to begin; nothing while it is off.
  [[nodiscard]] std::optional<Instant> deadline() const;
  [[nodiscard]] bool wants_look(Instant now) const { return limit_.is_on() && now >= look_at_; }

  // look takes what the data plane has counted under our keys.
  void look(std::span<const TekCounters> counted, Instant now, gdoi::Random& random);
  // skip is for when there is nothing to decide: no registration stands, or nothing could be read.
  // A silence begins anew.
  void skip(Instant now);

  // take tells, once, that a registration is to begin now, and why.
  [[nodiscard]] std::optional<OneWay> take(Instant now);

  [[nodiscard]] RecoveryLimit::Status status(Instant now) const { return limit_.status(now); }

 private:
  struct Fresh {
    std::uint64_t in = 0, out = 0;
  };
  [[nodiscard]] Fresh fresh(std::span<const TekCounters> counted);

  RecoveryOptions options_;
  RecoveryLimit limit_;
  Instant look_at_{};
  Instant looked_at_{};                                         // last
  std::map<std::pair<gdoi::Spi, bool>, std::uint64_t> counts_;  // as the last look found them
  std::optional<Instant> answered_at_;  // the last look that found answers enough
  std::optional<Instant> silent_since_;
  std::uint64_t unanswered_ = 0;
  bool waits_for_help_ = false;  // nothing has come in since the last registration
};

}  // namespace agent
