// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/ks/push.h"

namespace ks {
namespace {

std::size_t padded(const Kek& kek, const PushMessage& push, std::size_t size) {
  const std::size_t unit = block(kek.encryption);
  return (size + unit - 1) / unit * unit + push.extra_blocks * unit;
}

}  // namespace

Kek lab_kek() {
  Kek out;
  const Octets iv_and_key = lab_kek_octets();
  out.spi = text("kek-spi-16octets");
  out.iv = Octets(iv_and_key.begin(), iv_and_key.begin() + 16);
  out.key = Octets(iv_and_key.begin() + 16, iv_and_key.end());
  return out;
}

Kek another_kek(unsigned number, Kek kek) {
  kek.spi = text("KEK ") + be(number, 4) + text(" of ours");
  kek.iv = repeated(0x40 + number, block(kek.encryption));
  kek.key = be(number, 4) + repeated(0x80 + number, kek.key.size() - 4);
  return kek;
}

KekPolicy sak_policy(const Kek& kek) {
  KekPolicy out;
  out.algorithm = kek.encryption == triple_des_cbc ? 2 : 3;
  out.key_bits.reset();
  if (kek.encryption == aes_cbc) out.key_bits = 8 * static_cast<unsigned>(kek.key.size());
  out.lifetime = kek.life;
  out.hash = kek.hash > sha1 ? kek.hash - 1 : kek.hash;
  out.signature = kek.signer->algorithm();
  out.signature_bits = kek.signer->bits();
  out.acknowledgement = kek.acknowledgement;
  return out;
}

Octets attributes_of(const KekPolicy& policy) {
  Octets out = tv(2, policy.algorithm);
  if (policy.key_bits) out = out + tv(3, *policy.key_bits);
  out = out + tlv(4, be(policy.lifetime, 4));
  if (policy.hash) out = out + tv(5, *policy.hash);
  out = out + tv(6, policy.signature);
  if (policy.signature_bits) out = out + tv(7, *policy.signature_bits);
  if (policy.acknowledgement) out = out + tv(9, *policy.acknowledgement);
  return out;
}

KeyPacket key_packet_of(const Kek& kek, bool with_public_key) {
  KeyPacket out{2, kek.spi, tlv(1, kek.iv + kek.key)};
  if (with_public_key) out.attributes = out.attributes + tlv(2, kek.signer->public_key());
  return out;
}

void add_kek(Group& group, const Kek& kek, std::uint32_t sequence) {
  group.sak =
      Sak{17, host("10.0.0.5", 848), kek.destination, kek.spi, attributes_of(sak_policy(kek)), 1};
  std::erase_if(group.packets, [](const KeyPacket& packet) { return packet.type == 2; });
  group.packets.push_back(key_packet_of(kek));
  group.sequence = sequence;
}

Group tek_group(std::uint32_t spi, unsigned life) {
  Group out = lab_group(false);
  for (auto& sat : out.sats) {
    sat.spi = spi;
    sat.attributes = aes_sha256(128, life);
  }
  out.packets = {tek_packet(spi, 16, 32)};
  return out;
}

Octets delete_body(unsigned doi, unsigned protocol, unsigned spi_size,
                   const std::vector<Octets>& spis) {
  Octets out = be(doi, 4) + be(protocol, 1) + be(spi_size, 1) + be(spis.size(), 2);
  for (const Octets& spi : spis) out = out + spi;
  return out;
}

Octets delete_teks(const std::vector<std::uint32_t>& spis, unsigned doi) {
  std::vector<Octets> octets;
  for (const auto spi : spis) octets.push_back(be(spi, 4));
  if (spis.empty()) octets.push_back(be(0, 4));
  return delete_body(doi, 1, 4, octets);
}

Octets delete_keks(const std::vector<Octets>& spis, unsigned protocol, unsigned doi) {
  return delete_body(doi, protocol, 16, spis.empty() ? std::vector<Octets>{Octets(16)} : spis);
}

Octets header(const Kek& kek, const PushMessage& push, unsigned first, unsigned flags,
              std::size_t length) {
  return isakmp_header(kek.spi, {first, push.exchange, flags, push.message_id, push.version},
                       length);
}

Octets signed_octets(const Kek& kek, const PushMessage& push, std::size_t signature_size) {
  const Octets payloads = chain(push.parts, sig_payload);
  const std::size_t all = payloads.size() + 4 + signature_size;
  const bool with_padding = push.signed_header == SignedHeader::as_sent ||
                            push.signed_header == SignedHeader::padded_clear;
  const bool clear = push.signed_header == SignedHeader::unpadded_clear ||
                     push.signed_header == SignedHeader::padded_clear;
  const std::size_t length = 28 + (with_padding ? padded(kek, push, all) : all);
  return text("rekey") +
         header(kek, push, push.parts.front().type, clear ? push.flags & ~1U : push.flags, length) +
         payloads;
}

Octets plaintext(const Kek& kek, const PushMessage& push) {
  if (push.sent_parts) return chain(*push.sent_parts);
  const Signer& signer = *kek.signer;
  Payloads parts = push.parts;
  parts.push_back(
      {sig_payload, push.signature
                        ? *push.signature
                        : signer.sign(kek.hash, signed_octets(kek, push, signer.signature_size()),
                                      push.digest_info)});
  return chain(parts);
}

Octets packed(const Kek& kek, const PushMessage& push, const Octets& plain, unsigned first) {
  Octets whole = plain;
  whole.resize(padded(kek, push, plain.size()), push.padding);
  const Octets wire = encipher(kek.encryption, kek.key, kek.iv, whole);
  return header(kek, push, first, push.flags, 28 + wire.size()) + wire;
}

Octets datagram(const Kek& kek, const PushMessage& push) {
  const Payloads& parts = push.sent_parts ? *push.sent_parts : push.parts;
  return packed(kek, push, plaintext(kek, push), parts.front().type);
}

Octets encode_push(const Kek& kek, std::uint32_t sequence, const Push& push) {
  PushMessage out;
  out.signed_header = push.header;
  out.digest_info = push.digest_info;
  out.parts.push_back({seq_payload, be(sequence, 4)});
  for (const auto& del : push.deletes) out.parts.push_back({delete_payload, del});
  if (push.group) {
    out.parts.push_back({sa_payload, group_sa(*push.group)});
    out.parts.push_back({kd_payload, key_download(*push.group)});
  }
  if (push.edit) push.edit(out.parts);
  Kek signing = kek;
  if (push.signer != nullptr) signing.signer = push.signer;
  return datagram(signing, out);
}

}  // namespace ks
