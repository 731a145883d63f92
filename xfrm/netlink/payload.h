// SPDX-License-Identifier: GPL-2.0-or-later
// The fixed part of a netlink message.
#pragma once

#include <libmnl/libmnl.h>

#include <cstring>
#include <optional>

namespace xfrm {

// payload_of is a copy of it: messages are aligned to 4 octets, and many of the kernel's structures
// to 8. Nothing when the message is shorter.
template <class Fixed>
[[nodiscard]] std::optional<Fixed> payload_of(const nlmsghdr& message) {
  if (::mnl_nlmsg_get_payload_len(&message) < sizeof(Fixed)) return std::nullopt;
  Fixed out;
  std::memcpy(&out, ::mnl_nlmsg_get_payload(&message), sizeof out);
  return out;
}

}  // namespace xfrm
