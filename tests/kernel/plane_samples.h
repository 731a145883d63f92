// SPDX-License-Identifier: GPL-2.0-or-later
// Lists, keys and configurations for kernel tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "xfrm/plane/plane.h"

namespace test {

constexpr xfrm::Address ipv4(unsigned a, unsigned b, unsigned c, unsigned d) {
  xfrm::Address out;
  out.bytes[0] = static_cast<std::byte>(a);
  out.bytes[1] = static_cast<std::byte>(b);
  out.bytes[2] = static_cast<std::byte>(c);
  out.bytes[3] = static_cast<std::byte>(d);
  return out;
}

inline constexpr std::uint32_t mark = 0x10000000, reqid = 7000;
inline constexpr const char* table = "getvpn-test";

inline xfrm::PlaneConfig config() {
  xfrm::PlaneConfig c;
  c.name = table;
  c.reqid = reqid;
  c.ipv4 = {ipv4(240, 0, 0, 1), ipv4(240, 0, 0, 2)};
  c.ipv6.in.family = c.ipv6.out.family = xfrm::Family::ipv6;
  c.ipv6.in.bytes[0] = c.ipv6.out.bytes[0] = std::byte{1};
  c.ipv6.in.bytes[15] = std::byte{1};
  c.ipv6.out.bytes[15] = std::byte{2};
  c.mark = mark;
  c.interfaces = {"wan0"};
  return c;
}

inline xfrm::InstallerConfig ipv4_config() { return xfrm::config_of(config(), xfrm::Family::ipv4); }

inline xfrm::Entry permit(xfrm::Prefix source, xfrm::Prefix destination, xfrm::KeyClass c = 0) {
  xfrm::Entry e;
  e.key_class = c;
  e.selector.source = source;
  e.selector.destination = destination;
  return e;
}

inline xfrm::Entry deny(xfrm::Prefix source, xfrm::Prefix destination) {
  auto e = permit(source, destination);
  e.action = xfrm::Entry::Action::bypass;
  return e;
}

inline const xfrm::Prefix site1{ipv4(10, 1, 0, 0), 24}, site3{ipv4(10, 3, 0, 0), 24},
    all10{ipv4(10, 0, 0, 0), 8}, anywhere{ipv4(0, 0, 0, 0), 0};

// The lab's list: permit site 1 to site 3, and back.
inline std::vector<xfrm::Entry> both_ways() { return {permit(site1, site3), permit(site3, site1)}; }

inline constexpr auto key_octets = [] {
  std::array<std::byte, 64> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(i * 7 + 1);
  return out;
}();

// cbc is AES-CBC-128 with HMAC-SHA-256-128; the key is the same for all, which tests may have.
inline xfrm::SaSpec cbc(std::uint32_t spi, xfrm::KeyClass c = 0) {
  xfrm::SaSpec sa;
  sa.spi = spi;
  sa.key_class = c;
  sa.cipher = "cbc(aes)";
  sa.cipher_key = std::span{key_octets}.first(16);
  sa.integrity = "hmac(sha256)";
  sa.integrity_key = std::span{key_octets}.subspan(16, 32);
  sa.icv_bits = 128;
  return sa;
}

}  // namespace test
