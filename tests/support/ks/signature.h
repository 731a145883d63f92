// SPDX-License-Identifier: GPL-2.0-or-later
// How the scripted key server signs GROUPKEY-PUSH messages.
#pragma once

#include <memory>

#include "tests/support/ks/octets.h"

namespace ks {

// Signer is a private key. Each is made once and then kept, since making RSA keys takes its time.
class Signer {
 public:
  static const Signer& rsa(unsigned bits);
  static const Signer& ecdsa(const std::string& curve);  // "P-256", "P-384", "P-521", ...
  static const Signer& dsa();                            // can be announced, but does not sign
  // fresh_rsa makes one that nobody else has.
  [[nodiscard]] static Signer fresh_rsa(unsigned bits);

  // The public key as DER SubjectPublicKeyInfo, or as bare RSAPublicKey.
  [[nodiscard]] Octets public_key(bool bare = false) const;
  [[nodiscard]] unsigned bits() const;
  [[nodiscard]] bool is_rsa() const;
  // The SIG_ALGORITHM of RFC 6407 section 5.3.
  [[nodiscard]] unsigned algorithm() const;
  [[nodiscard]] std::size_t signature_size() const;

  // sign hashes `data` (Hash Algorithm number of RFC 2409) and signs: RSA with or without the
  // DigestInfo around the hash, ECDSA as r | s.
  [[nodiscard]] Octets sign(unsigned hash, const Octets& data, bool digest_info = true) const;
  // sign_encoded applies the RSA private key to `encoded` as it is.
  [[nodiscard]] Octets sign_encoded(const Octets& encoded) const;

 private:
  struct Key;
  explicit Signer(std::shared_ptr<Key> key) : key_{std::move(key)} {}
  std::shared_ptr<Key> key_;
};

[[nodiscard]] Octets rsa_public_key(unsigned bits, bool bare = false);
[[nodiscard]] Octets ec_public_key(const std::string& curve);

}  // namespace ks
