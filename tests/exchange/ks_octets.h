// SPDX-License-Identifier: GPL-2.0-or-later
// Octets as the scripted key server reads and writes them. On purpose nothing here comes from
// gdoi/: a mistake in one codec must not hide behind the same mistake in the other.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace ks {

using Octets = std::vector<std::uint8_t>;

inline Octets operator+(Octets a, const Octets& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// be writes `value` big endian in `size` octets.
[[nodiscard]] inline Octets be(std::uint64_t value, std::size_t size) {
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[size - 1 - i] = static_cast<std::uint8_t>(value >> 8 * i & 0xff);
  return out;
}

[[nodiscard]] inline Octets text(const std::string& characters) {
  return Octets(characters.begin(), characters.end());
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
    for (const auto octet : take(size)) out = out << 8 | octet;
    return out;
  }
  [[nodiscard]] Octets rest() { return take(left()); }
  [[nodiscard]] std::size_t left() const noexcept { return octets_.size() - at_; }

 private:
  Octets octets_;
  std::size_t at_ = 0;
};

// One payload: type and body without the generic header.
struct Payload {
  unsigned type = 0;
  Octets body;
};
using Payloads = std::vector<Payload>;

// chain joins payloads as RFC 2408 section 3.2 has them.
[[nodiscard]] inline Octets chain(const Payloads& payloads) {
  Octets out;
  for (std::size_t i = 0; i < payloads.size(); ++i) {
    const unsigned next = i + 1 < payloads.size() ? payloads[i + 1].type : 0;
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

}  // namespace ks
