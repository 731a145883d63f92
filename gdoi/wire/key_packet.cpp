// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/key_packet.h"

namespace gdoi {

Result<KeyPacket> next_key_packet(Reader& in) {
  constexpr std::size_t header = 5;  // which KD Length counts
  KeyPacket packet;
  std::uint8_t reserved = 0, spi_size = 0;
  std::uint16_t length = 0;
  View rest;
  if (!(in.u8(packet.type) && in.u8(reserved) && in.u16(length) && in.u8(spi_size)))
    return fail(Errc::truncated, "key packet");
  if (length < header) return fail(Errc::malformed, "key packet length", length);
  if (!in.take(length - header, rest)) return fail(Errc::truncated, "key packet", packet.type);

  Reader inside{rest};
  if (!inside.take(spi_size, packet.spi)) return fail(Errc::truncated, "key packet SPI", spi_size);
  auto attributes = parse_attributes(inside.rest());
  if (!attributes) return tl::unexpected<Error>{attributes.error()};
  packet.attributes = std::move(*attributes);
  return packet;
}

}  // namespace gdoi
