// SPDX-License-Identifier: GPL-2.0-or-later
// How much processor time the signatures of GROUPKEY-PUSH messages may take.
#pragma once

#include <cstdint>

#include "gdoi/base/result.h"
#include "gdoi/crypto/signature.h"

namespace gdoi {

// PushSender is where a PUSH seems to come from: the address of a key server that we know, or not.
enum class PushSender : std::uint8_t { key_server, other };

// check_cost is about what checking one signature takes on a slow core.
[[nodiscard]] std::chrono::microseconds check_cost(const VerificationKey& key) noexcept;

// SignatureBudget is what one KEK has. Every member knows the KEK, and can have us check signatures
// as fast as it can send; only the key server can make a good one. So what seems to come from key
// servers has a tenth of a core, and an account of its own: a member that forges under its own
// address cannot use that up. One that forges under a key server's address can, and then a rekey
// gets through only by luck; the registration before the keys end does not depend on it.
class SignatureBudget {
 public:
  // take spends `cost`, or tells that there is not enough left.
  [[nodiscard]] bool take(PushSender sender, std::chrono::microseconds cost, Instant now) noexcept;

 private:
  struct Account {
    std::chrono::nanoseconds spent{0};
    Instant as_of{};
  };
  Account key_server_, other_;
};

}  // namespace gdoi
