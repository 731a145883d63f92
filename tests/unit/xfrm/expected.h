// SPDX-License-Identifier: GPL-2.0-or-later
// What a netlink message should look like, written down field by field from the kernel's headers
// (include/uapi/linux/{netlink,xfrm}.h), with no help of the code under test or of libmnl.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/support/hex.h"
#include "xfrm/base/types.h"

namespace test {

// Octets collects fields; those called host are in the machine's byte order, as netlink has them.
class Octets {
 public:
  Octets& raw(std::string_view hex) {
    const auto bytes = support::octets(hex);
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    return *this;
  }
  Octets& host8(std::uint8_t value) { return host(value); }
  Octets& host16(std::uint16_t value) { return host(value); }
  Octets& host32(std::uint32_t value) { return host(value); }
  Octets& host64(std::uint64_t value) { return host(value); }
  Octets& zero(std::size_t count) {
    bytes_.insert(bytes_.end(), count, std::byte{0});
    return *this;
  }
  // name is text in a field of `size` octets, zero behind it.
  Octets& name(std::string_view text, std::size_t size) {
    for (const char c : text) bytes_.push_back(static_cast<std::byte>(c));
    return zero(size - text.size());
  }
  Octets& append(const Octets& other) {
    bytes_.insert(bytes_.end(), other.bytes_.begin(), other.bytes_.end());
    return *this;
  }
  // attribute: length (with its header of 4), type, value, padding to 4 octets.
  Octets& attribute(std::uint16_t type, const Octets& value) {
    host16(static_cast<std::uint16_t>(4 + value.size())).host16(type).append(value);
    return zero((4 - value.size() % 4) % 4);
  }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] std::string hex() const { return support::hex(bytes_); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  template <class Value>
  Octets& host(Value value) {
    std::array<std::byte, sizeof value> raw{};
    std::memcpy(raw.data(), &value, sizeof value);
    bytes_.insert(bytes_.end(), raw.begin(), raw.end());
    return *this;
  }
  gdoi::Bytes bytes_;
};

// message puts the netlink header in front: length, type, flags, sequence and port, both 0 as yet.
inline Octets message(std::uint16_t type, std::uint16_t flags, const Octets& body) {
  Octets out;
  out.host32(static_cast<std::uint32_t>(16 + body.size())).host16(type).host16(flags);
  return out.host32(0).host32(0).append(body);
}

constexpr xfrm::Address ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  xfrm::Address out;
  out.bytes[0] = static_cast<std::byte>(a);
  out.bytes[1] = static_cast<std::byte>(b);
  out.bytes[2] = static_cast<std::byte>(c);
  out.bytes[3] = static_cast<std::byte>(d);
  return out;
}

}  // namespace test
