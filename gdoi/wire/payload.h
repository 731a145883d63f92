// SPDX-License-Identifier: GPL-2.0-or-later
// The generic payload header and chains of payloads (RFC 2408 section 3.2).
#pragma once

#include "gdoi/base/registry.h"
#include "gdoi/wire/reader.h"

namespace gdoi {

struct Payload {
  PayloadType type;
  View body;   // without the generic header: the "_b" form of RFC 2409
  View whole;  // with it
};

// next_payload takes the payload announced as `type` off the front of `in` and reports what follows
// it in `following`. The reserved octet is ignored (RFC 2408 wants 0; old stacks differ).
[[nodiscard]] Result<Payload> next_payload(Reader& in, PayloadType type, PayloadType& following);

// Chain is a whole run of payloads; `octets` is exactly what they occupy, padding excluded.
struct Chain {
  std::vector<Payload> payloads;
  View octets;

  // find returns the first payload of `type`, or nullptr.
  [[nodiscard]] const Payload* find(PayloadType type) const noexcept;
  // after returns what follows `payload` up to the end of the chain: the input of a HASH.
  [[nodiscard]] View after(const Payload& payload) const noexcept;
};

// A message may hold this many payloads outside an SA; more is an attack or a mistake.
inline constexpr std::size_t max_payloads = 64;

// parse_chain reads payloads from `type` on until next payload is none. What then is left must be
// padding: fewer than `padding_limit` octets (0 for a clear message).
[[nodiscard]] Result<Chain> parse_chain(View octets, PayloadType type, std::size_t padding_limit);

}  // namespace gdoi
