// SPDX-License-Identifier: GPL-2.0-or-later
// When a rekey under a KEK that we do not have is a reason to register again.
//
// A key server that lost its state makes another KEK. The members that it still tells of it, or
// that are in the multicast group, cannot read its rekeys, and would find out when their own keys
// end. The same is seen by a member that missed the rekey which announced the KEK. So a
// registration with the key server that the rekey came from begins when
//
//   - the KEK is none that we had in the last two hours,
//   - is still unknown after `settling`: messages overtake one another,
//   - and none that an earlier registration did not bring: that is another group's.
//
// Such a message is unauthenticated, and anybody can send it; RecoveryLimit tells how often one
// may register. The last registration helped when it brought the KEK.
//
// Pure: messages and instants in, decisions out.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "agent/config/config.h"
#include "agent/group/held_lately.h"
#include "agent/group/ports.h"
#include "agent/group/recovery_limit.h"

namespace agent {

// UnknownKek is one that a registration is begun for.
struct UnknownKek {
  gdoi::RekeySpi spi;
  gdoi::Endpoint from;  // of the last rekey under it
};

class UnknownKekCheck {
 public:
  static constexpr seconds settling{5};
  static constexpr milliseconds jitter{10000};
  // Rekeys under more KEKs than so many at a time are counted only.
  static constexpr std::size_t most = 8;
  // So many that are another group's are remembered, the newest ones.
  static constexpr std::size_t most_foreign = 32;

  explicit UnknownKekCheck(const RecoveryOptions& options) : limit_{options.interval, jitter} {}
  void configure(const RecoveryOptions& options);

  // rekey_came takes one under a KEK that nobody gave us.
  void rekey_came(const UnknownKek& kek, Instant now, gdoi::Random& random);
  // follow learns which KEKs are ours; to be told before each take.
  void follow(std::vector<gdoi::RekeySpi> held, Instant now);
  // skip is for when there is nothing to decide: no registration stands.
  void skip();
  // forget is for when our keys were cleared: those of the others are as good as ever.
  void forget() { ours_.forget(); }

  // deadline is when to call take.
  [[nodiscard]] std::optional<Instant> deadline() const { return limit_.begins_at(); }
  // take tells, once, that a registration is to begin now, and why.
  [[nodiscard]] std::optional<UnknownKek> take(Instant now);

  struct Status {
    std::uint64_t rekeys = 0;  // under such KEKs, since start
    RecoveryLimit::Status limit;
  };
  [[nodiscard]] Status status(Instant now) const { return {rekeys_, limit_.status(now)}; }

 private:
  RecoveryLimit limit_;
  HeldLately<gdoi::RekeySpi> ours_;
  std::vector<UnknownKek> waiting_;      // in the order they were seen last
  std::optional<gdoi::RekeySpi> cause_;  // of the last registration
  std::deque<gdoi::RekeySpi> foreign_;   // that registrations did not bring
  std::uint64_t rekeys_ = 0;
};

}  // namespace agent
