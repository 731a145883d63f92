// SPDX-License-Identifier: GPL-2.0-or-later
// The groups of these tests in the words of the scripted key server's encoder.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "tests/support/hex.h"
#include "tests/support/ks/push.h"

namespace push_test {

using gdoi::Bytes;
using gdoi::View;
using ks::chain;
using ks::repeated;
using ks::Signer;
using ks::operator+;
using Part = ks::Payload;
using Parts = ks::Payloads;

inline Part seq(std::uint32_t number) { return {ks::seq_payload, ks::be(number, 4)}; }

// kek_spi makes a KEK's SPI out of one character.
inline Bytes kek_spi(char c) { return support::text_octets(std::string(16, c)); }
inline Bytes tek_spi(std::uint32_t spi) { return ks::be(spi, 4); }

// with_spi is a KEK that has nothing of its own but this.
inline ks::Kek with_spi(Bytes spi) {
  ks::Kek out;
  out.spi = std::move(spi);
  return out;
}

// Sak is the policy of a KEK, which need not be that of any real one.
struct Sak : ks::KekPolicy {
  Bytes spi = kek_spi('N');
};

inline Part sak(const Sak& s) {
  return {ks::sak_payload,
          ks::encode(ks::Sak{17, ks::host("10.0.0.5", 848), ks::host("172.16.1.2", 848), s.spi,
                             ks::attributes_of(s), 1})};
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
    return ks::subnet("10." + std::to_string(number) + ".0.0", 24);
  };
  return {ks::sat_payload, ks::encode(ks::Sat{s.protocol_id, 0, subnet(s.from), subnet(s.to), 12,
                                              s.spi, ks::aes_sha256(128, s.lifetime), 1})};
}

inline Part gap(unsigned activation, unsigned deactivation) {
  return {ks::gap_payload, ks::tv(1, activation) + ks::tv(2, deactivation)};
}

inline Part sa(const Parts& parts) { return {ks::sa_payload, ks::sa_body(parts)}; }

inline Bytes key_packet(unsigned type, const Bytes& spi, std::initializer_list<Bytes> attributes) {
  ks::KeyPacket out{type, spi, {}};
  for (const Bytes& attribute : attributes) out.attributes = out.attributes + attribute;
  return ks::encode(out);
}

inline Bytes tek_packet(std::uint32_t spi) {
  return key_packet(1, tek_spi(spi),
                    {ks::tlv(1, repeated(spi & 0xff, 16)), ks::tlv(2, repeated(spi & 0xff, 32))});
}

inline Bytes kek_packet(const ks::Kek& kek, bool with_public_key = true) {
  return ks::encode(ks::key_packet_of(kek, with_public_key));
}

inline Part kd(const std::vector<Bytes>& packets) { return {ks::kd_payload, ks::kd_body(packets)}; }

inline Part del(unsigned doi, unsigned protocol, unsigned spi_size,
                const std::vector<Bytes>& spis) {
  return {ks::delete_payload, ks::delete_body(doi, protocol, spi_size, spis)};
}

}  // namespace push_test
