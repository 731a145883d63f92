// SPDX-License-Identifier: GPL-2.0-or-later
// The wire of GROUPKEY-PUSH written once more, from the figures of RFC 6407 and from nothing of
// gdoi/wire: what judges a reader must not share its misunderstandings.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "tests/support/hex.h"

namespace push_test {

using gdoi::Bytes;
using gdoi::View;

// Octets collects big-endian numbers.
class Octets {
 public:
  Octets& u8(unsigned value) { return number(value, 1); }
  Octets& u16(unsigned value) { return number(value, 2); }
  Octets& u32(std::uint32_t value) { return number(value, 4); }
  Octets& put(View octets) {
    out_.insert(out_.end(), octets.begin(), octets.end());
    return *this;
  }
  [[nodiscard]] const Bytes& bytes() const noexcept { return out_; }

 private:
  Octets& number(std::uint32_t value, int octets) {
    for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8)
      out_.push_back(static_cast<std::byte>(value >> shift & 0xff));
    return *this;
  }
  Bytes out_;
};

// Numbers of the registries, RFC 2408 section 3.1 and RFC 6407 section 5.
enum Type : std::uint8_t {
  type_sa = 1,
  type_cert = 6,
  type_hash = 8,
  type_sig = 9,
  type_nonce = 10,
  type_delete = 12,
  type_vid = 13,
  type_sak = 15,
  type_sat = 16,
  type_kd = 17,
  type_seq = 18,
  type_gap = 22,
  type_private = 200,
};

struct Part {
  std::uint8_t type;
  Bytes body;
};

// chain joins payloads by their generic headers; `after` is the next payload of the last one.
inline Bytes chain(const std::vector<Part>& parts, std::uint8_t after = 0) {
  Octets out;
  for (std::size_t i = 0; i < parts.size(); ++i)
    out.u8(i + 1 < parts.size() ? parts[i + 1].type : after)
        .u8(0)
        .u16(static_cast<unsigned>(parts[i].body.size() + 4))
        .put(parts[i].body);
  return out.bytes();
}

inline Bytes basic(unsigned type, unsigned value) {
  return Octets{}.u16(0x8000U | type).u16(value).bytes();
}
inline Bytes variable(unsigned type, View value) {
  return Octets{}.u16(type).u16(static_cast<unsigned>(value.size())).put(value).bytes();
}

inline Part seq(std::uint32_t number) { return {type_seq, Octets{}.u32(number).bytes()}; }

// spi makes a KEK's SPI out of one character.
inline Bytes kek_spi(char c) { return support::text_octets(std::string(16, c)); }

struct Sak {
  Bytes spi = kek_spi('N');
  unsigned algorithm = 3, key_bits = 128;
  std::uint32_t lifetime = 86400;
  std::optional<unsigned> hash = 3;
  unsigned signature = 1;
  std::optional<unsigned> acknowledgement;
};

inline Part sak(const Sak& s) {
  const Bytes any = support::octets("01 0350 04 0a000005 01 0350 04 ac100102");
  Octets out;
  out.u8(17).put(any).put(s.spi).u32(0);
  out.put(basic(2, s.algorithm)).put(basic(3, s.key_bits));
  out.put(variable(4, Octets{}.u32(s.lifetime).bytes()));
  if (s.hash) out.put(basic(5, *s.hash));
  out.put(basic(6, s.signature));
  if (s.acknowledgement) out.put(basic(9, *s.acknowledgement));
  return {type_sak, out.bytes()};
}

// sat permits 10.A.0.0/24 to 10.B.0.0/24 with AES-128-CBC and HMAC-SHA-256-128.
struct Sat {
  std::uint32_t spi = 0;
  unsigned from = 1, to = 3;
  std::uint32_t lifetime = 3600;
  unsigned protocol_id = 1;
};

inline Part sat(const Sat& s) {
  const auto subnet = [](unsigned number) {
    return Octets{}.u8(4).u16(0).u8(8).u8(10).u8(number).u16(0).u32(0xffffff00).bytes();
  };
  Octets out;
  out.u8(s.protocol_id).u8(0).put(subnet(s.from)).put(subnet(s.to)).u8(12).u32(s.spi);
  out.put(basic(1, 1)).put(variable(2, Octets{}.u32(s.lifetime).bytes()));
  out.put(basic(4, 1)).put(basic(5, 5)).put(basic(6, 128));
  return {type_sat, out.bytes()};
}

inline Part gap(unsigned activation, unsigned deactivation) {
  return {type_gap, support::joined({basic(1, activation), basic(2, deactivation)})};
}

inline Part sa(const std::vector<Part>& parts) {
  const unsigned first = parts.empty() ? 0 : parts.front().type;
  return {type_sa, Octets{}.u32(2).u32(0).u16(first).u16(0).put(chain(parts)).bytes()};
}

inline Bytes key_packet(unsigned type, View spi, std::initializer_list<Bytes> attributes) {
  Octets inside;
  inside.u8(static_cast<unsigned>(spi.size())).put(spi);
  for (const Bytes& attribute : attributes) inside.put(attribute);
  const auto size = static_cast<unsigned>(inside.bytes().size() + 4);
  return Octets{}.u8(type).u8(0).u16(size).put(inside.bytes()).bytes();
}

// repeated makes a key that can be told from others.
inline Bytes repeated(unsigned octet, std::size_t count) {
  return Bytes(count, static_cast<std::byte>(octet));
}

inline Bytes tek_packet(std::uint32_t spi) {
  return key_packet(1, Octets{}.u32(spi).bytes(),
                    {variable(1, repeated(spi & 0xff, 16)), variable(2, repeated(spi & 0xff, 32))});
}

inline Part kd(const std::vector<Bytes>& packets) {
  Octets out;
  out.u16(static_cast<unsigned>(packets.size())).u16(0);
  for (const Bytes& packet : packets) out.put(packet);
  return {type_kd, out.bytes()};
}

inline Part del(std::uint32_t doi, unsigned protocol, unsigned spi_size,
                const std::vector<Bytes>& spis) {
  Octets out;
  out.u32(doi).u8(protocol).u8(spi_size).u16(static_cast<unsigned>(spis.size()));
  for (const Bytes& spi : spis) out.put(spi);
  return {type_delete, out.bytes()};
}

inline Bytes tek_spi(std::uint32_t spi) { return Octets{}.u32(spi).bytes(); }

}  // namespace push_test
