// SPDX-License-Identifier: GPL-2.0-or-later
// Retransmit: when to send a message again, as a value.
#pragma once

#include "gdoi/base/result.h"

namespace gdoi {

// Retransmit counts the sendings of one message. The first wait is `first`, each next one twice as
// long; after `tries` sendings one more wait is granted, then it is over. It holds no message: the
// owner sends the same octets again (RFC 2408 section 5.1).
class Retransmit {
 public:
  // `now` is when the message was sent for the first time. `tries` counts that sending.
  Retransmit(milliseconds first, unsigned tries, Instant now) noexcept
      : wait_{first}, left_{tries > 1 ? tries - 1 : 0}, due_{now + first} {}

  [[nodiscard]] Instant due() const noexcept { return due_; }

  // again tells whether the message is to be sent once more at `now`, which is not before due();
  // false means that all tries are used up.
  [[nodiscard]] bool again(Instant now) noexcept;

  // stop_after_current_wait makes the wait that runs the last one: somebody, perhaps not the peer,
  // said that waiting is in vain.
  void stop_after_current_wait() noexcept { left_ = 0; }

 private:
  milliseconds wait_;
  unsigned left_;
  Instant due_;
};

}  // namespace gdoi
