// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/payload.h"

#include <algorithm>
#include <cassert>

namespace gdoi {

Result<Payload> next_payload(Reader& in, PayloadType type, PayloadType& following) {
  const View start = in.rest();
  Reader ahead = in;  // `in` moves only when all is well
  std::uint8_t next = 0, reserved = 0;
  std::uint16_t length = 0;
  if (!(ahead.u8(next) && ahead.u8(reserved) && ahead.u16(length)))
    return fail(Errc::truncated, "payload header", static_cast<std::uint32_t>(type));

  // RFC 6407 section 5: "All payloads including an ISAKMP Generic Payload Header create a Payload
  // Length field that includes the length of the generic payload header"
  constexpr std::size_t header = 4;
  if (length < header) return fail(Errc::malformed, name_of(type), length);
  View body;
  if (!ahead.take(length - header, body)) return fail(Errc::truncated, name_of(type), length);

  in = ahead;
  following = PayloadType{next};
  return Payload{type, body, start.first(length)};
}

const Payload* Chain::find(PayloadType type) const noexcept {
  const auto found = std::find_if(payloads.begin(), payloads.end(),
                                  [&](const Payload& payload) { return payload.type == type; });
  return found == payloads.end() ? nullptr : &*found;
}

View Chain::after(const Payload& payload) const noexcept {
  const auto* const end = payload.whole.data() + payload.whole.size();
  assert(end >= octets.data() && end <= octets.data() + octets.size());
  return octets.subspan(static_cast<std::size_t>(end - octets.data()));
}

Result<Chain> parse_chain(View octets, PayloadType type, std::size_t padding_limit) {
  Reader in{octets};
  Chain chain;
  while (type != PayloadType::none) {
    if (chain.payloads.size() == max_payloads) return fail(Errc::malformed, "too many payloads");
    auto payload = next_payload(in, type, type);
    if (!payload) return tl::unexpected<Error>{payload.error()};
    chain.payloads.push_back(*payload);
  }

  // RFC 6407 section 3.2: hashes are over all payload headers, "but excluding any padding added for
  // encryption". What it holds (zeros, or RFC 2409's pad length) matters to nobody.
  const std::size_t left = in.rest().size();
  if (left != 0 && left >= padding_limit)
    return fail(Errc::malformed, "octets after the last payload", static_cast<std::uint32_t>(left));
  chain.octets = octets.first(octets.size() - left);
  return chain;
}

}  // namespace gdoi
