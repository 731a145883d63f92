// SPDX-License-Identifier: GPL-2.0-or-later
// The ISAKMP header (RFC 2408 section 3.1).
#pragma once

#include <cstdint>

#include "gdoi/base/ids.h"
#include "gdoi/base/registry.h"
#include "gdoi/base/result.h"
#include "gdoi/wire/writer.h"

namespace gdoi {

struct IsakmpHeader {
  static constexpr std::size_t size = 28;
  static constexpr std::uint8_t encrypted = 0x01, commit = 0x02, authentication_only = 0x04;

  CookiePair cookies;
  PayloadType next = PayloadType::none;
  ExchangeType exchange{};
  std::uint8_t flags = 0;
  MessageId message_id;
  std::uint32_t length = 0;  // of the whole message, padding included

  [[nodiscard]] bool is_encrypted() const noexcept { return (flags & encrypted) != 0; }
};

struct IsakmpMessage {
  IsakmpHeader header;
  View body;  // what follows the header, `length` applied
};

// parse_message reads the header and checks version 1.0 and that Length is the datagram's size.
[[nodiscard]] Result<IsakmpMessage> parse_message(View datagram);

// encode_header writes the 28 octets as `header` has them.
[[nodiscard]] Bytes encode_header(const IsakmpHeader& header);

// begin_message starts a message; the writer fills in the first payload's type.
[[nodiscard]] Writer begin_message(const IsakmpHeader& header);

// finish_clear closes an unencrypted message: Length is patched.
[[nodiscard]] Result<Bytes> finish_clear(Writer&& writer);

}  // namespace gdoi
