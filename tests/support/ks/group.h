// SPDX-License-Identifier: GPL-2.0-or-later
// What a scripted key server says of a group, before it is encoded.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

#include "tests/support/ks/octets.h"

namespace ks {

// An ID triple of SAK and SAT.
struct Id {
  unsigned type = 0, port = 0;
  Octets data;
};
[[nodiscard]] Id host(const std::string& dotted, unsigned port = 0);
[[nodiscard]] Id subnet(const std::string& dotted, unsigned prefix, unsigned port = 0);

struct Sat {
  unsigned protocol_id = 1;  // ESP
  unsigned ip_protocol = 0;
  Id source, destination;
  unsigned transform = 12;  // AES-CBC
  std::uint32_t spi = 0;
  Octets attributes;
  unsigned id_length = 1;  // octets of an ID triple's length field
};
struct Sak {
  unsigned protocol = 17;
  Id source, destination;
  Octets spi;
  Octets attributes;
  unsigned id_length = 1;
};
struct KeyPacket {
  unsigned type = 1;
  Octets spi;
  Octets attributes;
};

// Group is what PULL messages 2 and 4, or a PUSH, say.
struct Group {
  unsigned id_type = 11;  // ID_KEY_ID
  Octets id = be(100, 4);
  std::optional<Sak> sak;
  std::optional<Octets> gap;  // attributes
  std::vector<Sat> sats;
  std::vector<KeyPacket> packets;
  std::optional<std::uint32_t> sequence;
};

// Attributes of a SAT: AES with this key length, HMAC-SHA2-256, tunnel.
[[nodiscard]] Octets aes_sha256(unsigned key_bits, unsigned life_seconds);
// The keys that key_packet hands out for `spi`, so that tests can compare.
[[nodiscard]] Octets cipher_key(std::uint32_t spi, std::size_t size);
[[nodiscard]] Octets integrity_key(std::uint32_t spi, std::size_t size);
[[nodiscard]] KeyPacket tek_packet(std::uint32_t spi, std::size_t cipher, std::size_t integrity);
[[nodiscard]] KeyPacket kek_packet(const Octets& spi, std::size_t iv_and_key,
                                   const Octets& public_key);

// A group as the lab has it: number 100, 10.1.0.0/24 and 10.3.0.0/24 both ways under one SPI,
// AES-128 with HMAC-SHA2-256 for 3600 s; with a KEK (AES-128, RSA-2048, SHA2-256, 86400 s) or not.
[[nodiscard]] Group lab_group(bool with_kek);

// The keys of lab_group's KEK: IV, then key.
[[nodiscard]] Octets lab_kek_octets();

// The bodies of their payloads (RFC 6407 section 5).
[[nodiscard]] Octets encode(const Sat& sat);
[[nodiscard]] Octets encode(const Sak& sak);
// encode writes a key packet of a KD (section 5.6.1).
[[nodiscard]] Octets encode(const KeyPacket& packet);
// SA and KD around whatever they are to hold.
[[nodiscard]] Octets sa_body(const Payloads& inner);
[[nodiscard]] Octets kd_body(const std::vector<Octets>& packets);
// SA and KD of a group.
[[nodiscard]] Octets group_sa(const Group& group);
[[nodiscard]] Octets key_download(const Group& group);

}  // namespace ks
