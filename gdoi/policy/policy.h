// SPDX-License-Identifier: GPL-2.0-or-later
// What a key server says a group is: the result of a registration, validated as a whole.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "gdoi/base/ids.h"
#include "gdoi/base/registry.h"
#include "gdoi/base/secret.h"
#include "gdoi/crypto/cipher.h"
#include "gdoi/crypto/digest.h"
#include "gdoi/policy/selector.h"

namespace gdoi {

// Encapsulation Mode attribute: RFC 2407 section 4.5.
enum class Encapsulation : std::uint16_t { tunnel = 1, transport = 2 };

// Address Preservation attribute: RFC 6407 section 5.5.1.1.1. Absent means both.
enum class AddressPreservation : std::uint16_t { none = 1, source = 2, destination = 3, both = 4 };

// SA Direction attribute: RFC 6407 section 5.5.1.1.2. Absent means symmetric.
enum class SaDirection : std::uint16_t { sender_only = 1, receiver_only = 2, symmetric = 3 };

// TekPolicy is how traffic is protected under one SPI, without its keys.
struct TekPolicy {
  EspTransformId transform{};
  std::uint16_t key_bits = 0;  // of the cipher, salts and nonces not counted
  IntegrityId integrity = IntegrityId::none;
  Encapsulation encapsulation = Encapsulation::tunnel;
  AddressPreservation preservation = AddressPreservation::both;
  SaDirection direction = SaDirection::symmetric;
  bool extended_sequence = false;
  seconds lifetime{0};  // remaining, from the instant the message arrived; always > 0
  std::optional<std::uint32_t> lifetime_kilobytes;
  std::uint16_t ignored_attributes = 0;  // private or unknown ones: worth a warning (TBAR)
  friend bool operator==(const TekPolicy&, const TekPolicy&) = default;
};

// Tek is a policy with its keys. `cipher_key` has the salt or nonce of counter modes at its end
// (RFC 6407 section 5.6.1), which is what the kernel wants too.
struct Tek {
  Spi spi;
  TekPolicy policy;
  KeyMaterial cipher_key, integrity_key;
};

// same_keys tells whether both encrypt and authenticate alike; parity bits of 3DES do not count.
[[nodiscard]] bool same_keys(const Tek& a, const Tek& b) noexcept;

// is_counter_mode: sending with these needs a sender ID that the kernel cannot be given (RFC 6054).
[[nodiscard]] bool is_counter_mode(EspTransformId transform) noexcept;

// Signature of GROUPKEY-PUSH: RFC 6407 section 5.3.
enum class SignatureAlgorithm : std::uint16_t {
  rsa = 1,
  dss = 2,
  ecdss = 3,
  ecdsa256 = 4,
  ecdsa384 = 5,
  ecdsa521 = 6
};

// Acknowledgement wanted for a GROUPKEY-PUSH: RFC 8263 section 8.
enum class AckType : std::uint16_t {
  kek_sha256 = 1,
  lkh_sha256 = 2,
  kek_sha512 = 3,
  lkh_sha512 = 4
};

// KekPolicy is a SAK: how GROUPKEY-PUSH messages are protected and where they go, without keys.
struct KekPolicy {
  TrafficEnd source,
      destination;  // of the rekey datagrams; a multicast destination is to be joined
  RekeySpi spi;
  CipherAlgorithm cipher{};
  std::uint16_t key_bits = 0;
  seconds lifetime{0};
  std::optional<HashAlgorithm> signature_hash;
  SignatureAlgorithm signature{};
  std::uint16_t signature_key_bits = 0;  // as the key server says; some count the DER octets
  std::uint16_t management = 0;          // KEK_MANAGEMENT_ALGORITHM, 0 none, 1 LKH
  std::optional<AckType> acknowledgement;
  std::uint16_t ignored_attributes = 0;
  friend bool operator==(const KekPolicy&, const KekPolicy&) = default;
};

struct Kek {
  KekPolicy policy;
  KeyMaterial key, iv;
  Bytes signature_key;  // DER SubjectPublicKeyInfo (RSAPublicKey tolerated)
  SequenceNumber last_sequence;
};

// copy_of makes a second home for the keys of `kek` on purpose.
[[nodiscard]] Kek copy_of(const Kek& kek);

// AccessEntry is one line of the downloaded list, in the key server's order.
struct AccessEntry {
  enum class Action : std::uint8_t { permit, deny };
  Action action = Action::permit;
  TrafficSelector selector;
  Spi spi;  // of the TEK that protects it; 0 for deny
  friend bool operator==(const AccessEntry&, const AccessEntry&) = default;
};

// SkippedSat is an entry of the key server's list that we leave out: one without a key, or for a
// security protocol whose SATs we cannot read.
struct SkippedSat {
  std::uint16_t number = 0;                // in its SA, counted from 1
  std::vector<TrafficSelector> selectors;  // of one without a key
  Bytes body{};  // of one that we cannot read: the first octets, max_skipped_octets at most
  friend bool operator==(const SkippedSat&, const SkippedSat&) = default;
};
inline constexpr std::size_t max_skipped_octets = 32, max_skipped_told = 64;

// SenderIds are the values a key server allots for counter modes (RFC 6407 section 5.6.4).
struct SenderIds {
  std::uint16_t bits = 0;
  std::vector<std::uint32_t> values;
};

// GroupPolicy is complete and consistent: each permit names a TEK that is there, each TEK has keys
// of its algorithm's length, SPIs are unique. Move-only, since it holds keys.
struct GroupPolicy {
  std::vector<AccessEntry> entries;
  std::vector<Tek> teks;
  std::optional<Kek> kek;
  bool kek_without_key = false;  // the policy of rekeys came, but no key for them: none will come
  std::optional<seconds> activation_delay, deactivation_delay;  // GAP (RFC 6407 section 5.4)
  std::optional<SenderIds> sender_ids;
  // Facts the operator should hear of, none of which made the policy unusable.
  std::uint16_t skipped_entries = 0;     // SATs without a key, ignored as configured
  std::uint16_t skipped_protocols = 0;   // SATs for a security protocol that is not ESP
  std::uint16_t ignored_attributes = 0;  // over all payloads
  std::uint16_t ignored_keys = 0;        // key packets no SAT asked for, or of unknown types
  std::vector<SkippedSat> skipped{};     // the first of them, max_skipped_told of either sort

  [[nodiscard]] const Tek* find(Spi spi) const noexcept;
};

}  // namespace gdoi
