// SPDX-License-Identifier: GPL-2.0-or-later
// Notification and Delete payloads (RFC 2408 sections 3.14 and 3.15), SEQ (RFC 6407 section 5.7).
#pragma once

#include <cstdint>

#include "gdoi/wire/reader.h"
#include "gdoi/wire/writer.h"

namespace gdoi {

struct Notification {
  std::uint32_t doi = 0;
  std::uint8_t protocol = 0;
  NotifyType type{};
  Bytes spi, data;
};
[[nodiscard]] Result<Notification> parse_notification(View body);
void put_notification(Writer& out, const Notification& notification);

struct Delete {
  std::uint32_t doi = 0;
  std::uint8_t protocol = 0;
  std::uint8_t spi_size = 0;
  std::vector<Bytes> spis;
};
[[nodiscard]] Result<Delete> parse_delete(View body);
void put_delete(Writer& out, const Delete& del);

// parse_sequence reads the body of a SEQ payload: exactly four octets.
[[nodiscard]] Result<SequenceNumber> parse_sequence(View body);

}  // namespace gdoi
