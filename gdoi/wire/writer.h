// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cassert>
#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "gdoi/base/ids.h"
#include "gdoi/base/registry.h"
#include "gdoi/base/result.h"

namespace gdoi {

// Writer appends payloads to a message. It fills in each payload's length and the next-payload
// chain, so that no caller can get them wrong; what went wrong is remembered and reported once, by
// finish(). The first payload's type lands in the octet at `next_slot` of `head` (for a bare chain
// without an ISAKMP header: use the default constructor and ask first_type()).
class Writer {
 public:
  Writer() : out_(1), next_slot_{0}, bare_{true} {}
  Writer(Bytes head, std::size_t next_slot) : out_{std::move(head)}, next_slot_{next_slot} {
    assert(next_slot_ < out_.size());
  }

  Writer& u8(std::uint8_t v) { return big_endian(v); }
  Writer& u16(std::uint16_t v) { return big_endian(v); }
  Writer& u32(std::uint32_t v) { return big_endian(v); }
  Writer& bytes(View v) {
    out_.insert(out_.end(), v.begin(), v.end());
    return *this;
  }
  Writer& cookie(const Cookie& v) { return bytes(v.bytes); }

  // payload opens a generic payload of `type`, lets `body` fill it, then names it in its
  // predecessor and patches its length (RFC 2408 section 3.2).
  template <std::invocable<Writer&> Body>
  Writer& payload(PayloadType type, Body&& body) {
    const std::size_t start = out_.size();
    out_[next_slot_] = static_cast<std::byte>(type);
    next_slot_ = start;
    u8(0).u8(0).u16(0);
    std::forward<Body>(body)(*this);

    const std::size_t length = out_.size() - start;
    if (length > std::numeric_limits<std::uint16_t>::max()) too_long_ = true;
    out_[start + 2] = static_cast<std::byte>(length >> 8 & 0xff);
    out_[start + 3] = static_cast<std::byte>(length & 0xff);
    return *this;
  }
  Writer& payload(PayloadType type, View body) {
    return payload(type, [&](Writer& w) { w.bytes(body); });
  }

  [[nodiscard]] PayloadType first_type() const noexcept {
    assert(bare_);
    return static_cast<PayloadType>(out_[0]);
  }

  [[nodiscard]] Result<Bytes> finish() && {
    if (too_long_) return fail(Errc::malformed, "payload longer than 65535 octets");
    if (bare_) out_.erase(out_.begin());
    return std::move(out_);
  }

 private:
  template <std::unsigned_integral T>
  Writer& big_endian(T v) {
    for (int shift = 8 * (int{sizeof(T)} - 1); shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::byte>(v >> shift & 0xff));
    return *this;
  }

  Bytes out_;
  std::size_t next_slot_;
  bool bare_ = false;
  bool too_long_ = false;
};

}  // namespace gdoi
