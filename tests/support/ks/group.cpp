// SPDX-License-Identifier: GPL-2.0-or-later
// The group a scripted key server hands out.
#include "tests/support/ks/group.h"

#include <sstream>

#include "tests/support/ks/signature.h"

namespace ks {
namespace {

Octets dotted(const std::string& text) {
  Octets out;
  std::istringstream in{text};
  for (std::string part; std::getline(in, part, '.');)
    out.push_back(static_cast<std::byte>(std::stoi(part)));
  return out;
}

Octets pattern(std::uint32_t spi, unsigned salt, std::size_t size) {
  Octets out(size);
  for (std::size_t i = 0; i < size; ++i)
    out[i] = static_cast<std::byte>(spi + spi / 251 + salt + i * 7);
  return out;
}

Octets id_triple(const Id& id, unsigned length) {
  return be(id.type, 1) + be(id.port, 2) + be(id.data.size(), length) + id.data;
}

}  // namespace

Octets encode(const Sat& sat) {
  return be(sat.protocol_id, 1) + be(sat.ip_protocol, 1) + id_triple(sat.source, sat.id_length) +
         id_triple(sat.destination, sat.id_length) + be(sat.transform, 1) + be(sat.spi, 4) +
         sat.attributes;
}

Octets encode(const Sak& sak) {
  return be(sak.protocol, 1) + id_triple(sak.source, sak.id_length) +
         id_triple(sak.destination, sak.id_length) + sak.spi + be(0, 4) + sak.attributes;
}

Octets encode(const KeyPacket& packet) {
  return be(packet.type, 1) + be(0, 1) + be(5 + packet.spi.size() + packet.attributes.size(), 2) +
         be(packet.spi.size(), 1) + packet.spi + packet.attributes;
}

Octets sa_body(const Payloads& inner) {
  const unsigned next = inner.empty() ? 0 : inner.front().type;
  return be(2, 4) + be(0, 4) + be(next, 2) + be(0, 2) + chain(inner);
}

Octets kd_body(const std::vector<Octets>& packets) {
  Octets out = be(packets.size(), 2) + be(0, 2);
  for (const Octets& packet : packets) out = out + packet;
  return out;
}

Id host(const std::string& address, unsigned port) { return {1, port, dotted(address)}; }

Id subnet(const std::string& address, unsigned prefix, unsigned port) {
  const std::uint32_t mask = prefix == 0 ? 0 : 0xffffffffu << (32 - prefix);
  return {4, port, dotted(address) + be(mask, 4)};
}

Octets aes_sha256(unsigned key_bits, unsigned life_seconds) {
  return tv(1, 1) + tlv(2, be(life_seconds, 4)) + tv(4, 1) + tv(5, 5) + tv(6, key_bits);
}

Octets cipher_key(std::uint32_t spi, std::size_t size) { return pattern(spi, 0x11, size); }
Octets integrity_key(std::uint32_t spi, std::size_t size) { return pattern(spi, 0x77, size); }

KeyPacket tek_packet(std::uint32_t spi, std::size_t cipher, std::size_t integrity) {
  KeyPacket out{1, be(spi, 4), tlv(1, cipher_key(spi, cipher))};
  if (integrity > 0) out.attributes = out.attributes + tlv(2, integrity_key(spi, integrity));
  return out;
}

KeyPacket kek_packet(const Octets& spi, std::size_t iv_and_key, const Octets& public_key) {
  KeyPacket out{2, spi, tlv(1, pattern(0, 0x33, iv_and_key))};
  if (!public_key.empty()) out.attributes = out.attributes + tlv(2, public_key);
  return out;
}

Octets group_sa(const Group& group) {
  Payloads inner;
  if (group.sak) inner.push_back({sak_payload, encode(*group.sak)});
  if (group.gap) inner.push_back({gap_payload, *group.gap});
  for (const auto& sat : group.sats) inner.push_back({sat_payload, encode(sat)});
  return sa_body(inner);
}

Octets key_download(const Group& group) {
  std::vector<Octets> packets;
  for (const auto& packet : group.packets) packets.push_back(encode(packet));
  return kd_body(packets);
}

Octets lab_kek_octets() { return pattern(0, 0x33, 16 + 16); }

Group lab_group(bool with_kek) {
  constexpr std::uint32_t spi = 0xdda601aa;
  Group out;
  const Id one = subnet("10.1.0.0", 24), three = subnet("10.3.0.0", 24);
  out.sats.push_back({1, 0, one, three, 12, spi, aes_sha256(128, 3600), 1});
  out.sats.push_back({1, 0, three, one, 12, spi, aes_sha256(128, 3600), 1});
  out.packets.push_back(tek_packet(spi, 16, 32));
  if (!with_kek) return out;

  const Octets kek_spi = text("kek-spi-16octets");
  out.sak = Sak{17,
                host("10.0.0.5", 848),
                host("172.16.1.2", 848),
                kek_spi,
                tv(2, 3) + tv(3, 128) + tlv(4, be(86400, 4)) + tv(5, 3) + tv(6, 1) + tv(7, 2048),
                1};
  out.packets.push_back(kek_packet(kek_spi, 16 + 16, rsa_public_key(2048)));
  out.sequence = 0;
  return out;
}

}  // namespace ks
