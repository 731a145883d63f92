// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/rekeyer.h"

#include <algorithm>

#include "tests/exchange/ks_crypto.h"

namespace ks {
namespace {

enum : unsigned {
  sa_payload = 1,
  id_payload = 5,
  hash_payload = 8,
  signature_payload = 9,
  delete_payload = 12,
  kd_payload = 17,
  seq_payload = 18,
  groupkey_push = 33,
  groupkey_push_ack = 35,
};

Octets repeated(unsigned octet, std::size_t size) {
  return Octets(size, static_cast<std::uint8_t>(octet));
}

Octets header(const Kek& kek, unsigned flags, std::size_t length) {
  return kek.spi + be(seq_payload, 1) + be(0x10, 1) + be(groupkey_push, 1) + be(flags, 1) +
         be(0, 4) + be(length, 4);
}

std::size_t padded(const Kek& kek, std::size_t size) {
  const std::size_t unit = block(kek.encryption);
  return (size + unit - 1) / unit * unit;
}

// signed_header is what the signature says the header is, for payloads of `size` octets.
Octets signed_header(const Kek& kek, SignedHeader form, std::size_t size) {
  const bool with_padding = form == SignedHeader::as_sent || form == SignedHeader::padded_clear;
  const bool clear = form == SignedHeader::unpadded_clear || form == SignedHeader::padded_clear;
  return header(kek, clear ? 0 : 1, 28 + (with_padding ? padded(kek, size) : size));
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

void add_kek(Group& group, const Kek& kek, std::uint32_t sequence) {
  Octets attributes = tv(2, kek.encryption == 5 ? 2 : 3);
  if (kek.encryption == 7)
    attributes = attributes + tv(3, 8 * static_cast<unsigned>(kek.key.size()));
  attributes = attributes + tlv(4, be(kek.life, 4)) +
               tv(5, kek.hash > 2 ? kek.hash - 1 : kek.hash) + tv(6, kek.signer->algorithm()) +
               tv(7, kek.signer->bits());
  if (kek.acknowledgement) attributes = attributes + tv(9, *kek.acknowledgement);
  group.sak = Sak{17, host("10.0.0.5", 848), kek.destination, kek.spi, attributes, 1};
  group.packets.erase(std::remove_if(group.packets.begin(), group.packets.end(),
                                     [](const KeyPacket& packet) { return packet.type == 2; }),
                      group.packets.end());
  group.packets.push_back(
      {2, kek.spi, tlv(1, kek.iv + kek.key) + tlv(2, kek.signer->public_key())});
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

Octets delete_teks(const std::vector<std::uint32_t>& spis, unsigned doi) {
  Octets out = be(doi, 4) + be(1, 1) + be(4, 1) + be(std::max<std::size_t>(spis.size(), 1), 2);
  if (spis.empty()) return out + be(0, 4);
  for (const auto spi : spis) out = out + be(spi, 4);
  return out;
}

Octets delete_keks(const std::vector<Octets>& spis, unsigned protocol, unsigned doi) {
  Octets out =
      be(doi, 4) + be(protocol, 1) + be(16, 1) + be(std::max<std::size_t>(spis.size(), 1), 2);
  if (spis.empty()) return out + repeated(0, 16);
  for (const auto& spi : spis) out = out + spi;
  return out;
}

Octets encode_push(const Kek& kek, std::uint32_t sequence, const Push& push) {
  Payloads said{{seq_payload, be(sequence, 4)}};
  for (const auto& del : push.deletes) said.push_back({delete_payload, del});
  if (push.group) {
    said.push_back({sa_payload, group_sa(*push.group)});
    said.push_back({kd_payload, key_download(*push.group)});
  }
  if (push.edit) push.edit(said);

  const Signer& signer = push.signer != nullptr ? *push.signer : *kek.signer;
  Payloads whole = said;
  whole.push_back({signature_payload, Octets(signer.signature_size())});
  const Octets before = chain(whole);
  const Octets covered(before.begin(),
                       before.end() - static_cast<std::ptrdiff_t>(4 + signer.signature_size()));
  whole.back().body = signer.sign(
      kek.hash, text("rekey") + signed_header(kek, push.header, before.size()) + covered,
      push.digest_info);

  Octets plain = chain(whole);
  plain.resize(padded(kek, plain.size()));
  const Octets wire = encipher(kek.encryption, kek.key, kek.iv, plain);
  return header(kek, 1, 28 + wire.size()) + wire;
}

Octets Rekeyer::push(const Push& push) {
  sent_.insert({kek().spi, ++sequence_});
  return encode_push(kek(), sequence_, push);
}

Octets Rekeyer::push(Group group) {
  Push message;
  message.group = std::move(group);
  return push(message);
}

void Rekeyer::renew(Kek next) {
  keks_.push_back(std::move(next));
  sequence_ = 0;
}

Octets Rekeyer::announce(Group group, Kek next) {
  add_kek(group, next);
  Octets out = push(std::move(group));
  renew(std::move(next));
  return out;
}

Acknowledgement Rekeyer::check(const Octets& datagram) const {
  Cut in{datagram};
  Acknowledgement out;
  out.spi = in.take(16);
  // RFC 8263 section 3.1: next payload HASH, exchange 35, no flags, no message ID.
  if (in.take(8) != be(hash_payload, 1) + be(0x10, 1) + be(groupkey_push_ack, 1) + be(0, 5))
    throw Bad{"header of an acknowledgement"};
  if (in.number(4) != datagram.size()) throw Bad{"length of an acknowledgement"};
  Octets padding;
  const Payloads said = unchain(hash_payload, in.rest(), padding);
  if (said.size() != 3 || said[1].type != seq_payload || said[2].type != id_payload ||
      !padding.empty())
    throw Bad{"payloads of an acknowledgement"};
  Cut sequence{said[1].body}, id{said[2].body};
  out.sequence = sequence.number(4);
  if (sequence.left() != 0 || id.number(4) != 0x01000000)
    throw Bad{"SEQ or ID of an acknowledgement"};
  out.member = id.take(4);
  if (id.left() != 0) throw Bad{"ID of an acknowledgement"};

  const auto kek =
      std::find_if(keks_.begin(), keks_.end(), [&](const Kek& one) { return one.spi == out.spi; });
  if (kek == keks_.end() || sent_.count({out.spi, out.sequence}) == 0)
    throw Bad{"acknowledgement of what was not sent"};
  const Octets covered = chain({said[1], said[2]});
  for (const auto& [type, algorithm] : {std::pair{1U, 4U}, std::pair{3U, 6U}})
    for (const unsigned bits : {256U, 512U, 1024U, 8 * static_cast<unsigned>(kek->key.size())}) {
      const Octets key =
          hmac(algorithm, kek->key, text("GROUPKEY-PUSH ACK") + be(0, 1) + out.spi + be(bits, 2));
      if (hmac(algorithm, key, covered) != said[0].body) continue;
      out.type = type;
      out.key_bits = bits;
      return out;
    }
  throw Bad{"HASH of an acknowledgement"};
}

}  // namespace ks
