// SPDX-License-Identifier: GPL-2.0-or-later
// Octets as the scripted key server reads and writes them. On purpose nothing here comes from
// gdoi/: a mistake in one codec must not hide behind the same mistake in the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace ks {

using Octets = std::vector<std::byte>;

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// be writes `value` big endian in `size` octets.
[[nodiscard]] inline Octets be(std::uint64_t value, std::size_t size) {
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[size - 1 - i] = static_cast<std::byte>(value >> 8 * i & 0xff);
  return out;
}

[[nodiscard]] inline Octets text(const std::string& characters) {
  Octets out(characters.size());
  std::transform(characters.begin(), characters.end(), out.begin(),
                 [](char c) { return static_cast<std::byte>(c); });
  return out;
}

// repeated makes a key, a nonce or nonsense that can be told from others.
[[nodiscard]] inline Octets repeated(unsigned octet, std::size_t size) {
  return Octets(size, static_cast<std::byte>(octet));
}

// Cut reads from the front. Reading too far throws Bad: the member sent something it must not.
struct Bad : std::runtime_error {
  using std::runtime_error::runtime_error;
};
class Cut {
 public:
  explicit Cut(Octets octets) : octets_{std::move(octets)} {}

  [[nodiscard]] Octets take(std::size_t size) {
    if (size > left()) throw Bad{"message ends inside a field"};
    const auto from = octets_.begin() + static_cast<std::ptrdiff_t>(at_);
    at_ += size;
    return Octets(from, from + static_cast<std::ptrdiff_t>(size));
  }
  [[nodiscard]] std::uint32_t number(std::size_t size) {
    std::uint32_t out = 0;
    for (const auto octet : take(size)) out = out << 8 | std::to_integer<std::uint32_t>(octet);
    return out;
  }
  [[nodiscard]] Octets rest() { return take(left()); }
  [[nodiscard]] std::size_t left() const noexcept { return octets_.size() - at_; }

 private:
  Octets octets_;
  std::size_t at_ = 0;
};

// Payload types of RFC 2408 and RFC 6407, and the drafts' NAT-D.
enum : unsigned {
  sa_payload = 1,
  ke_payload = 4,
  id_payload = 5,
  cert_payload = 6,
  cr_payload = 7,
  hash_payload = 8,
  sig_payload = 9,
  nonce_payload = 10,
  notify_payload = 11,
  delete_payload = 12,
  vid_payload = 13,
  sak_payload = 15,
  sat_payload = 16,
  kd_payload = 17,
  seq_payload = 18,
  nat_d_payload = 20,
  gap_payload = 22,
  nat_d_draft_payload = 130,
  private_payload = 200,
};

// One payload: type and body without the generic header.
struct Payload {
  unsigned type = 0;
  Octets body;
};
using Payloads = std::vector<Payload>;

// chain joins payloads as RFC 2408 section 3.2 has them; `after` is the next payload of the last
// one.
[[nodiscard]] inline Octets chain(const Payloads& payloads, unsigned after = 0) {
  Octets out;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const unsigned next = i + 1 < payloads.size() ? payloads[i + 1].type : after;
    out = out + be(next, 1) + be(0, 1) + be(payloads[i].body.size() + 4, 2) + payloads[i].body;
  }
  return out;
}

// unchain takes a chain apart; what follows the last payload lands in `padding`.
[[nodiscard]] inline Payloads unchain(unsigned type, const Octets& octets, Octets& padding) {
  Payloads out;
  Cut in{octets};
  while (type != 0) {
    const unsigned next = in.number(1);
    if (in.number(1) != 0) throw Bad{"reserved octet of a payload is not zero"};
    const std::uint32_t length = in.number(2);
    if (length < 4) throw Bad{"payload shorter than its header"};
    out.push_back({type, in.take(length - 4)});
    type = next;
  }
  padding = in.rest();
  return out;
}

// Attributes: TV and TLV (RFC 2408 section 3.3).
[[nodiscard]] inline Octets tv(unsigned type, unsigned value) {
  return be(0x8000 | type, 2) + be(value, 2);
}
[[nodiscard]] inline Octets tlv(unsigned type, const Octets& value) {
  return be(type, 2) + be(value.size(), 2) + value;
}

// isakmp_header is that of RFC 2408 section 3.1; `cookies` are both, `length` is the whole
// message's.
struct IsakmpHeader {
  unsigned next = 0, exchange = 0, flags = 0;
  std::uint32_t message_id = 0;
  unsigned version = 0x10;
};
[[nodiscard]] inline Octets isakmp_header(const Octets& cookies, const IsakmpHeader& says,
                                          std::size_t length) {
  return cookies + be(says.next, 1) + be(says.version, 1) + be(says.exchange, 1) +
         be(says.flags, 1) + be(says.message_id, 4) + be(length, 4);
}

}  // namespace ks
