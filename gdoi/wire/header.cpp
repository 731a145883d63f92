// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/header.h"

#include "gdoi/wire/reader.h"

namespace gdoi {
namespace {

constexpr std::uint8_t version_1_0 = 0x10;
constexpr std::size_t next_payload_at = 16, length_at = 24;

}  // namespace

Result<IsakmpMessage> parse_message(View datagram) {
  Reader in{datagram};
  IsakmpHeader header;
  std::uint8_t next = 0, version = 0, exchange = 0;
  if (!(in.cookie(header.cookies.initiator) && in.cookie(header.cookies.responder) && in.u8(next) &&
        in.u8(version) && in.u8(exchange) && in.u8(header.flags) &&
        in.u32(header.message_id.value) && in.u32(header.length)))
    return fail(Errc::truncated, "ISAKMP header", static_cast<std::uint32_t>(datagram.size()));
  header.next = PayloadType{next};
  header.exchange = ExchangeType{exchange};

  // RFC 2408 section 5.2: "Check the Major and Minor Version fields to confirm they are correct
  // [...] If the Version field validation fails, the message is discarded". 1.0 is all there ever
  // was.
  if (version != version_1_0) return fail(Errc::unsupported, "ISAKMP version", version);
  if (header.length > datagram.size())
    return fail(Errc::truncated, "ISAKMP Length exceeds the datagram", header.length);
  if (header.length < datagram.size())
    return fail(Errc::malformed, "ISAKMP Length is less than the datagram", header.length);
  return IsakmpMessage{header, in.rest()};
}

Bytes encode_header(const IsakmpHeader& header) {
  Writer out;
  out.cookie(header.cookies.initiator)
      .cookie(header.cookies.responder)
      .u8(static_cast<std::uint8_t>(header.next))
      .u8(version_1_0)
      .u8(static_cast<std::uint8_t>(header.exchange))
      .u8(header.flags)
      .u32(header.message_id.value)
      .u32(header.length);
  auto octets = std::move(out).finish();
  assert(octets && octets->size() == IsakmpHeader::size);
  return std::move(*octets);
}

Writer begin_message(const IsakmpHeader& header) {
  return Writer{encode_header(header), next_payload_at};
}

Result<Bytes> finish_clear(Writer&& writer) {
  auto message = std::move(writer).finish();
  if (!message) return message;
  if (message->size() > std::numeric_limits<std::uint32_t>::max())
    return fail(Errc::malformed, "message longer than its Length field");
  const auto length = static_cast<std::uint32_t>(message->size());
  for (std::size_t i = 0; i < 4; ++i)
    (*message)[length_at + i] = static_cast<std::byte>(length >> (24 - 8 * i) & 0xff);
  return message;
}

}  // namespace gdoi
