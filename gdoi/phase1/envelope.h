// SPDX-License-Identifier: GPL-2.0-or-later
// Encrypted ISAKMP messages: the seal around payloads under phase 1 keys, and its IV chain.
#pragma once

#include "gdoi/phase1/keys.h"
#include "gdoi/wire/header.h"
#include "gdoi/wire/payload.h"

namespace gdoi {

// Plaintext is what came out of a decryption: it may hold keys, so it is wiped when it goes.
class Plaintext {
 public:
  Plaintext() = default;
  explicit Plaintext(Bytes octets) noexcept : octets_{std::move(octets)} {}
  Plaintext(const Plaintext&) = delete;
  Plaintext& operator=(const Plaintext&) = delete;
  Plaintext(Plaintext&& other) noexcept : octets_{std::exchange(other.octets_, {})} {}
  Plaintext& operator=(Plaintext&& other) noexcept {
    octets_.swap(other.octets_);  // what we held is wiped with `other`
    return *this;
  }
  ~Plaintext() { OPENSSL_cleanse(octets_.data(), octets_.size()); }

  [[nodiscard]] View view() const noexcept { return octets_; }

 private:
  Bytes octets_;
};

// MessageKey names the cipher and its key for the length of a call.
struct MessageKey {
  CipherAlgorithm cipher;
  View key;
};

// Sealed is an encrypted message, and the IV of whatever follows it in its exchange.
struct Sealed {
  Bytes datagram;
  Bytes next_iv;
};

// seal encrypts the bare chain in `payloads` behind `header`, whose next payload, flags and length
// it fills in.
[[nodiscard]] Result<Sealed> seal(MessageKey key, View iv, IsakmpHeader header, Writer&& payloads);

// Opened is a decrypted message. `chain` points into `plaintext`. `next_iv` may be taken over only
// after the message proved authentic, or a forgery would break the chain of IVs.
struct Opened {
  Plaintext plaintext;
  Chain chain;
  Bytes next_iv;
};

// open decrypts `message` and reads its chain of payloads; padding after it is ignored.
[[nodiscard]] Result<Opened> open(MessageKey key, View iv, const IsakmpMessage& message);

// without_private_use drops the payloads of types 128 to 255 from a list that is about to be
// checked for its shape: key servers of some makers add their own to authentic messages. Octets
// and hashes stay as they are.
[[nodiscard]] Chain without_private_use(Chain chain);

// digest_of tells messages apart when a copy of one that was answered comes again.
[[nodiscard]] Bytes digest_of(const IsakmpMessage& message);

}  // namespace gdoi
