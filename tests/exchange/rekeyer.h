// SPDX-License-Identifier: GPL-2.0-or-later
// The scripted key server's half of GROUPKEY-PUSH (RFC 6407 section 4) and of its acknowledgement
// (RFC 8263), with a codec of its own.
#pragma once

#include <cstdint>

#include "tests/exchange/ks_group.h"
#include "tests/exchange/ks_signature.h"

namespace ks {

// Kek is a KEK as the key server holds it.
struct Kek {
  Octets spi;               // 16 octets: the cookies
  unsigned encryption = 7;  // Encryption Algorithm number of RFC 2409: 5 3DES, 7 AES
  Octets iv, key;
  const Signer* signer = &Signer::rsa(2048);
  unsigned hash = 4;  // Hash Algorithm number of RFC 2409
  unsigned life = 86400;
  std::optional<unsigned> acknowledgement;  // the type that is asked for
  Id destination = host("172.16.1.2", 848);
};

// The KEK of lab_group(true).
[[nodiscard]] Kek lab_kek();
// another_kek has an SPI and keys that depend on `number` only, and is like `kek` otherwise.
[[nodiscard]] Kek another_kek(unsigned number, Kek kek = lab_kek());

// add_kek makes SAK and key packet of `group` those of `kek`, and says the sequence number.
void add_kek(Group& group, const Kek& kek, std::uint32_t sequence = 0);
// tek_group is lab_group(false) with another SPI and life.
[[nodiscard]] Group tek_group(std::uint32_t spi, unsigned life = 3600);

// D payloads. No SPIs: one of zeros, which means all.
[[nodiscard]] Octets delete_teks(const std::vector<std::uint32_t>& spis = {}, unsigned doi = 2);
[[nodiscard]] Octets delete_keks(const std::vector<Octets>& spis = {}, unsigned protocol = 0,
                                 unsigned doi = 2);

// What the signature says of the header: RFC 6407 leaves it open.
enum class SignedHeader { unpadded, as_sent, unpadded_clear, padded_clear };

// Push is one message, apart from what a Rekeyer knows.
struct Push {
  std::vector<Octets> deletes;
  std::optional<Group> group;  // its SA and KD; its sequence is of no account
  SignedHeader header = SignedHeader::unpadded;
  bool digest_info = true;
  const Signer* signer = nullptr;       // another one than the KEK's
  std::function<void(Payloads&)> edit;  // before the message is signed
};
[[nodiscard]] Octets encode_push(const Kek& kek, std::uint32_t sequence, const Push& push);

// Acknowledgement is one that verified, and how.
struct Acknowledgement {
  Octets spi;
  std::uint32_t sequence = 0;
  unsigned type = 0;      // whose prf and base_key it has
  unsigned key_bits = 0;  // the L of RFC 8263 section 3.2 it was made with
  Octets member;          // its address
};

// Rekeyer numbers and sends pushes under its current KEK, and knows its acknowledgements.
class Rekeyer {
 public:
  explicit Rekeyer(Kek kek) : keks_{std::move(kek)} {}

  [[nodiscard]] const Kek& kek() const noexcept { return keks_.back(); }
  [[nodiscard]] std::uint32_t sequence() const noexcept { return sequence_; }

  // push makes the next message under the current KEK.
  [[nodiscard]] Octets push(const Push& push);
  [[nodiscard]] Octets push(Group group);
  // renew makes `next` the current KEK; RFC 6407 section 5.7: its numbers begin with 1.
  void renew(Kek next);
  // announce pushes `next` beside `group` under the current KEK, and then renews.
  [[nodiscard]] Octets announce(Group group, Kek next);

  // check takes an acknowledgement apart. Throws Bad when it is none of a message that was sent.
  [[nodiscard]] Acknowledgement check(const Octets& datagram) const;

 private:
  std::vector<Kek> keks_;  // from the oldest to the current one
  std::uint32_t sequence_ = 0;
  std::set<std::pair<Octets, std::uint32_t>> sent_;
};

}  // namespace ks
