// SPDX-License-Identifier: GPL-2.0-or-later
// What is inside a decrypted PUSH. Nothing becomes a rekey without its signature, nor leaves a
// trace; and what is read behind a signature is a policy that is complete, or nothing.
#include <set>

#include "gdoi/push/rekey_sa_table.h"
#include "tests/fuzz/target.h"

using namespace gdoi;

namespace {

// An RSAPublicKey of 1024 bits whose private key nobody has.
const Bytes& public_key() {
  static const Bytes der = [] {
    constexpr unsigned char head[] = {0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00, 0xc5};
    constexpr unsigned char tail[] = {0x02, 0x03, 0x01, 0x00, 0x01};
    Bytes out;
    for (const unsigned char octet : head) out.push_back(static_cast<std::byte>(octet));
    out.resize(out.size() + 127, std::byte{0x3b});
    for (const unsigned char octet : tail) out.push_back(static_cast<std::byte>(octet));
    return out;
  }();
  return der;
}

Kek held() {
  Kek out;
  out.policy.spi.initiator.bytes.fill(std::byte{'K'});
  out.policy.spi.responder.bytes.fill(std::byte{'K'});
  out.policy.cipher = CipherAlgorithm::aes_cbc;
  out.policy.key_bits = 128;
  out.policy.lifetime = seconds{1 << 30};
  out.policy.signature_hash = HashAlgorithm::sha256;
  out.policy.signature = SignatureAlgorithm::rsa;
  out.policy.acknowledgement = AckType::kek_sha256;
  out.key = KeyMaterial{16};
  out.iv = KeyMaterial{16};
  out.signature_key = public_key();
  return out;
}

void nobody_can_forge(View input) {
  static const Kek kek = held();
  static RekeySaTable sas = [] {
    RekeySaTable out;
    const auto adopted = out.adopt(kek, Address{}, Instant{});
    assert(adopted);
    return out;
  }();
  const Bytes wire = encrypt(kek.policy.cipher, kek.key.view(), kek.iv.view(), input);
  IsakmpHeader header;
  header.cookies = kek.policy.spi;
  header.next = PayloadType::sequence;
  header.exchange = ExchangeType::groupkey_push;
  header.flags = IsakmpHeader::encrypted;
  header.length = static_cast<std::uint32_t>(IsakmpHeader::size + wire.size());
  Bytes datagram = encode_header(header);
  datagram.insert(datagram.end(), wire.begin(), wire.end());

  const auto message = parse_message(datagram);
  // Time goes on, or the signatures would not be checked for long.
  static Instant now{};
  now += milliseconds{1};
  assert(message && !sas.receive(*message, PushSender::key_server, now));
  const auto after = sas.status();
  assert(after.size() == 1 && after[0].last_sequence == SequenceNumber{0});
}

void is_complete(const GroupPolicy& policy) {
  std::set<Spi> spis;
  for (const Tek& tek : policy.teks) {
    assert(tek.spi != Spi{} && spis.insert(tek.spi).second);
    assert(tek.policy.lifetime.count() > 0);
  }
  for (const AccessEntry& entry : policy.entries)
    assert((entry.action == AccessEntry::Action::deny) == (entry.spi == Spi{}) &&
           (entry.spi == Spi{} || spis.count(entry.spi) == 1));
  assert(!policy.sender_ids);
  if (!policy.kek) return;
  const Kek& kek = *policy.kek;
  assert(kek.key.size() == kek.policy.key_bits / 8u && !kek.signature_key.empty());
  assert(kek.iv.size() == block_size(kek.policy.cipher) && kek.last_sequence == SequenceNumber{});
}

// signed_contents_hold tells whether a signature would have made `input` a rekey.
bool signed_contents_hold(View input) {
  const auto chain = parse_chain(input, PayloadType::sequence, input.size());
  if (!chain) return false;
  const auto frame = read_frame(*chain);
  if (!frame) return false;
  assert(frame->before_signature.data() == input.data());
  assert(frame->payload_octets <= input.size());
  assert(frame->before_signature.size() + frame->signature.size() + 4 == frame->payload_octets);
  assert(frame->sa.has_value() == frame->key_download.has_value());
  assert(frame->sa || !frame->deletes.empty());

  static const Kek kek = held();
  const auto contents = read_contents(*frame, kek, TekWithoutKey::bypass);
  if (!contents) return false;
  assert(contents->policy.has_value() == frame->sa.has_value());
  if (contents->policy) is_complete(*contents->policy);
  for (const Spi spi : contents->deletes.teks) assert(contents->deletes.names_tek(spi));
  for (const RekeySpi& spi : contents->deletes.keks) assert(contents->deletes.names_kek(spi));
  return true;
}

}  // namespace

bool fuzz(View input) {
  if (input.size() > 0xff00) return false;  // no datagram is longer
  nobody_can_forge(input);
  return signed_contents_hold(input);
}
