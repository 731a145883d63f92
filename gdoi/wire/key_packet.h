// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include "gdoi/base/result.h"
#include "gdoi/wire/attributes.h"
#include "gdoi/wire/reader.h"

namespace gdoi {

// One key packet of a KD payload, whatever its type (RFC 6407 figure 10). Views into the payload.
struct KeyPacket {
  std::uint8_t type = 0;
  View spi;
  std::vector<Attribute> attributes;
};

// next_key_packet reads the next one. truncated: it claims more octets than there are; malformed:
// its length does not count its own header, or its attributes are not well formed.
Result<KeyPacket> next_key_packet(Reader& in);

}  // namespace gdoi
