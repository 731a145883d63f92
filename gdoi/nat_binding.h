// SPDX-License-Identifier: GPL-2.0-or-later
// NatBinding: the binding of a NAT in front of us, by which unicast rekeys come in.
#pragma once

#include "gdoi/actions.h"

namespace gdoi {

// NatBinding says when to refresh it.
class NatBinding {
 public:
  // RFC 3948 section 4: "M is a locally configurable parameter with a default value of 20 seconds."
  static constexpr seconds interval{20};

  NatBinding(const Address& key_server, Instant now)
      : to_{key_server, nat_traversal_port}, refresh_at_{now + interval} {}

  [[nodiscard]] const Endpoint& to() const noexcept { return to_; }
  [[nodiscard]] Instant refresh_at() const noexcept { return refresh_at_; }
  [[nodiscard]] KeepAlive refresh(Instant now) {
    refresh_at_ = now + interval;
    return {to_};
  }

 private:
  Endpoint to_;
  Instant refresh_at_;
};

}  // namespace gdoi
