// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH messages (RFC 6407 section 4) as a key server makes them, right ones and each kind
// of wrong one.
#pragma once

#include <cstdint>

#include "tests/support/ks/crypto.h"
#include "tests/support/ks/group.h"
#include "tests/support/ks/signature.h"

namespace ks {

enum : unsigned { groupkey_push = 33, groupkey_push_ack = 35 };

// Kek is a KEK as the key server holds it.
struct Kek {
  Octets spi = repeated('K', 16);  // the cookies
  unsigned encryption = aes_cbc;   // Encryption Algorithm number of RFC 2409
  Octets iv = repeated(0x22, 16), key = repeated(0x11, 16);
  const Signer* signer = &Signer::rsa(2048);
  unsigned hash = sha256;  // Hash Algorithm number of RFC 2409
  unsigned life = 86400;
  std::optional<unsigned> acknowledgement = {};  // the type that is asked for
  Id destination = host("172.16.1.2", 848);
};

// The KEK of lab_group(true).
[[nodiscard]] Kek lab_kek();
// another_kek has an SPI and keys that depend on `number` only, and is like `kek` otherwise.
[[nodiscard]] Kek another_kek(unsigned number, Kek kek = lab_kek());

// KekPolicy is what a SAK says, by the numbers of RFC 6407 section 5.3.
struct KekPolicy {
  unsigned algorithm = 3;
  std::optional<unsigned> key_bits = 128;
  std::uint32_t lifetime = 86400;
  std::optional<unsigned> hash = 3;
  unsigned signature = 1;
  std::optional<unsigned> signature_bits;
  std::optional<unsigned> acknowledgement;
};
[[nodiscard]] KekPolicy sak_policy(const Kek& kek);
[[nodiscard]] Octets attributes_of(const KekPolicy& policy);

// key_packet_of is the one that brings `kek`.
[[nodiscard]] KeyPacket key_packet_of(const Kek& kek, bool with_public_key = true);
// add_kek makes SAK and key packet of `group` those of `kek`, and says the sequence number.
void add_kek(Group& group, const Kek& kek, std::uint32_t sequence = 0);
// tek_group is lab_group(false) with another SPI and life.
[[nodiscard]] Group tek_group(std::uint32_t spi, unsigned life = 3600);

// D payloads (RFC 2408 section 3.15).
[[nodiscard]] Octets delete_body(unsigned doi, unsigned protocol, unsigned spi_size,
                                 const std::vector<Octets>& spis);
// No SPIs: one of zeros, which means all.
[[nodiscard]] Octets delete_teks(const std::vector<std::uint32_t>& spis = {}, unsigned doi = 2);
[[nodiscard]] Octets delete_keks(const std::vector<Octets>& spis = {}, unsigned protocol = 0,
                                 unsigned doi = 2);

// What the signature says of the header: RFC 6407 leaves it open. Variants (a) to (d).
enum class SignedHeader { unpadded, as_sent, unpadded_clear, padded_clear };

// PushMessage is one message, payload by payload. What it does not say is as RFC 6407 wants it.
struct PushMessage {
  Payloads parts{};  // all but SIG, SEQ included

  // How it is signed.
  SignedHeader signed_header = SignedHeader::unpadded;
  bool digest_info = true;
  std::optional<Octets> signature{};  // instead of the right one

  // How it is packed.
  std::optional<Payloads> sent_parts{};  // instead of `parts` and SIG: sent, not signed
  std::byte padding{0};
  std::size_t extra_blocks = 0;
  unsigned flags = 1, exchange = groupkey_push, version = 0x10;
  std::uint32_t message_id = 0;
};

[[nodiscard]] Octets header(const Kek& kek, const PushMessage& push, unsigned first, unsigned flags,
                            std::size_t length);
// signed_octets is "rekey" | HDR' | payloads, for a SIG body of `signature_size` octets.
[[nodiscard]] Octets signed_octets(const Kek& kek, const PushMessage& push,
                                   std::size_t signature_size);
// plaintext is all payloads with SIG, without padding.
[[nodiscard]] Octets plaintext(const Kek& kek, const PushMessage& push);
// packed encrypts any plaintext; `first` is the next payload of the header.
[[nodiscard]] Octets packed(const Kek& kek, const PushMessage& push, const Octets& plain,
                            unsigned first = seq_payload);
[[nodiscard]] Octets datagram(const Kek& kek, const PushMessage& push);

// Push is what a message is to bring about; encode_push makes it.
struct Push {
  std::vector<Octets> deletes;
  std::optional<Group> group;  // its SA and KD; its sequence is of no account
  SignedHeader header = SignedHeader::unpadded;
  bool digest_info = true;
  const Signer* signer = nullptr;       // another one than the KEK's
  std::function<void(Payloads&)> edit;  // before the message is signed
};
[[nodiscard]] Octets encode_push(const Kek& kek, std::uint32_t sequence, const Push& push);

}  // namespace ks
