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
// Addresses and SPIs of such packets can be forged; RecoveryLimit tells how often one may register.
// The last registration helped when it brought one of the SPIs that it was begun for.
//
// Pure: counts and instants in, decisions out.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/config/config.h"
#include "agent/group/held_lately.h"
#include "agent/group/ports.h"
#include "agent/group/recovery_limit.h"
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
  std::uint64_t packets = 0;    // under unknown SPIs, since start
  RecoveryLimit::Status limit;  // of the registrations begun for them
  std::vector<Sender> senders;  // of late; those who sent most first, 16 at most
};

class RecoveryCheck {
 public:
  static constexpr seconds look_pause{10}, persistence{20}, memory{60};
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
  [[nodiscard]] std::vector<StrangeSpi> strange(Instant now) const;

  RecoveryOptions options_;
  RecoveryLimit limit_{options_.interval, jitter};
  Instant look_at_{};
  std::map<Key, std::uint64_t> counts_;  // as the last look found them
  std::map<Key, Sender> senders_;
  HeldLately<gdoi::Spi> ours_;
  std::vector<gdoi::Spi> causes_;  // of the last registration
  std::uint64_t packets_ = 0;
};

}  // namespace agent
