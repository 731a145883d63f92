// SPDX-License-Identifier: GPL-2.0-or-later
// Looking at messages where they are in clear: before encryption and after decryption.
#pragma once

#include "gdoi/wire/header.h"

namespace gdoi {

// MessageObserver is told of each encrypted message as it is in clear. What was decrypted is not
// authentic yet, and may be a forgery's nonsense. The octets hold keys: see dissect().
class MessageObserver {
 public:
  virtual ~MessageObserver() = default;
  virtual void sealed(const IsakmpHeader& header, View payloads) = 0;
  virtual void opened(const IsakmpHeader& header, View payloads) = 0;
};

// observe_messages makes `observer` the one that is told in this thread, nullptr nobody. It must
// outlive its being that. There is one for all groups: it is for people who diagnose.
void observe_messages(MessageObserver* observer) noexcept;
[[nodiscard]] MessageObserver* message_observer() noexcept;

}  // namespace gdoi
