// SPDX-License-Identifier: GPL-2.0-or-later
// When ESP that we have no key for is a reason to register again (Cisco's GM error detection).
//
// A key server that lost its state, or one half of a set of key servers that no longer talk to each
// other, leaves members with different TEKs: each side drops what the other sends, and no timer
// tells them. What shows is ESP of the group's networks under an SPI that nobody gave us. So a
// registration with the next key server begins when
//
//   - as many packets as configured came under one SPI, from whatever senders,
//   - for at least `persistence`, and still do: a rekey that is late by some seconds is no reason,
//   - and it is not an SPI we had ourselves in the last two hours: who sends on that is behind, and
//     we are not. What the operator cleared is forgotten at once.
//
// Addresses and SPIs of such packets can be forged. Therefore there are never two registrations for
// this reason within the configured interval. The pause doubles with each, up to an hour (or the
// interval, when that is longer), and is back at the interval when a registration brought one of
// the SPIs that it was begun for, or an hour went by without a reason. Each member waits a random
// time of up to `jitter` before it begins.
//
// Pure: counts and instants in, decisions out.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/group/ports.h"
#include "gdoi/member_status.h"

namespace agent {

// StrangeSpi is an SPI that a registration is begun for.
struct StrangeSpi {
  gdoi::Spi spi;
  std::uint64_t packets = 0;
  std::vector<gdoi::Address> senders;  // those who sent most first
};

// What `show` tells.
struct RecoveryStatus {
  struct Sender {
    gdoi::Address address;
    gdoi::Spi spi;
    std::uint64_t packets = 0;
    Instant last;
  };
  std::uint64_t packets = 0;               // under unknown SPIs, since start
  std::uint64_t registrations = 0;         // begun for them, since start
  std::optional<Instant> held_back_until;  // no further one before
  std::vector<Sender> senders;             // of late; those who sent most first, 16 at most
  std::uint64_t postponed = 0;             // how often there was a reason, but one was held back
};

class RecoveryCheck {
 public:
  static constexpr seconds look_pause{10}, persistence{20}, memory{60}, longest_pause{3600};
  static constexpr milliseconds jitter{10000};

  explicit RecoveryCheck(const RecoveryOptions& options) : options_{options} {}
  void configure(const RecoveryOptions& options);

  // deadline is when to look at the data plane next, or to begin; nothing while it is off.
  [[nodiscard]] std::optional<Instant> deadline() const;
  [[nodiscard]] bool wants_look(Instant now) const { return options_.interval && now >= look_at_; }

  // look takes what the data plane has counted, and the SPIs that we receive on now.
  void look(std::span<const UnknownSpi> counted, std::vector<gdoi::Spi> received, Instant now,
            gdoi::Random& random);
  // forget is for when our keys were cleared: those of the others are as good as ever.
  void forget();
  // skip is for when there is nothing to decide: no registration stands, or nothing could be read.
  void skip(Instant now);

  // take tells, once, that a registration is to begin now, and why.
  [[nodiscard]] std::vector<StrangeSpi> take(std::vector<gdoi::Spi> received, Instant now);

  [[nodiscard]] RecoveryStatus status(Instant now) const;

 private:
  using Key = std::pair<gdoi::Address, gdoi::Spi>;
  struct Sender {
    Instant first, last;  // of the looks that found new packets
    std::uint64_t packets = 0;
  };

  void follow(std::vector<gdoi::Spi> received, Instant now);
  [[nodiscard]] bool is_ours(gdoi::Spi spi) const;
  [[nodiscard]] std::vector<StrangeSpi> strange(Instant now) const;
  [[nodiscard]] milliseconds longest() const;

  RecoveryOptions options_;
  Instant look_at_{};
  std::optional<Instant> begin_at_;
  std::map<Key, std::uint64_t> counts_;  // as the last look found them
  std::map<Key, Sender> senders_;
  std::vector<gdoi::Spi> received_;         // sorted
  std::map<gdoi::Spi, Instant> left_;       // that we had, and when they went
  std::vector<gdoi::Spi> causes_;           // of the last registration
  milliseconds pause_{0};                   // after the next one; 0: the interval
  std::optional<Instant> allowed_;          // the next one, at the earliest
  std::optional<Instant> reason_at_;        // when there was one last
  std::optional<Instant> postponed_until_;  // by which pause the last one was held back
  std::uint64_t packets_ = 0, registrations_ = 0, postponed_ = 0;
};

}  // namespace agent
