// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/notification.h"

#include <limits>

namespace gdoi {

Result<Notification> parse_notification(View body) {
  Reader in{body};
  Notification out;
  std::uint8_t spi_size = 0;
  std::uint16_t type = 0;
  View spi;
  if (!(in.u32(out.doi) && in.u8(out.protocol) && in.u8(spi_size) && in.u16(type) &&
        in.take(spi_size, spi)))
    return fail(Errc::truncated, "N");
  out.type = NotifyType{type};
  out.spi.assign(spi.begin(), spi.end());
  out.data.assign(in.rest().begin(), in.rest().end());
  return out;
}

void put_notification(Writer& out, const Notification& notification) {
  assert(notification.spi.size() <= std::numeric_limits<std::uint8_t>::max());
  out.payload(PayloadType::notification, [&](Writer& body) {
    body.u32(notification.doi)
        .u8(notification.protocol)
        .u8(static_cast<std::uint8_t>(notification.spi.size()))
        .u16(static_cast<std::uint16_t>(notification.type))
        .bytes(notification.spi)
        .bytes(notification.data);
  });
}

Result<Delete> parse_delete(View body) {
  Reader in{body};
  Delete out;
  std::uint16_t count = 0;
  if (!(in.u32(out.doi) && in.u8(out.protocol) && in.u8(out.spi_size) && in.u16(count)))
    return fail(Errc::truncated, "D");
  // A Delete that names nothing, or nothings, deletes nothing: whoever sent it meant something
  // else.
  if (out.spi_size == 0 || count == 0) return fail(Errc::malformed, "D without SPIs");

  out.spis.reserve(in.rest().size() / out.spi_size);
  for (View spi; out.spis.size() < count; out.spis.emplace_back(spi.begin(), spi.end()))
    if (!in.take(out.spi_size, spi)) return fail(Errc::truncated, "D", count);
  if (!in.empty()) return fail(Errc::malformed, "D longer than its SPIs", count);
  return out;
}

void put_delete(Writer& out, const Delete& del) {
  assert(!del.spis.empty() && del.spis.size() <= std::numeric_limits<std::uint16_t>::max());
  out.payload(PayloadType::del, [&](Writer& body) {
    body.u32(del.doi).u8(del.protocol).u8(del.spi_size);
    body.u16(static_cast<std::uint16_t>(del.spis.size()));
    for (const Bytes& spi : del.spis) {
      assert(spi.size() == del.spi_size);
      body.bytes(spi);
    }
  });
}

Result<SequenceNumber> parse_sequence(View body) {
  // RFC 6407 section 5.7: "Payload Length [...] MUST be a value of 8."
  Reader in{body};
  SequenceNumber out;
  if (!in.u32(out.value)) return fail(Errc::truncated, "SEQ");
  if (!in.empty()) return fail(Errc::malformed, "SEQ", static_cast<std::uint32_t>(body.size()));
  return out;
}

}  // namespace gdoi
