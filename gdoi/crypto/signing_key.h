// SPDX-License-Identifier: GPL-2.0-or-later
// Our private key, which signs HASH_I of phase 1.
#pragma once

#include <optional>

#include "gdoi/base/secret.h"
#include "gdoi/crypto/signature.h"

namespace gdoi {

// SigningKey is held in memory only, and wiped by OpenSSL when it goes.
class SigningKey {
 public:
  // parse reads one PEM private key (PKCS #8, or the traditional form of RSA and EC), of a kind
  // that VerificationKey knows. `passphrase` is for an encrypted one; without it such a key is
  // refused as unsupported, with a wrong one as not authentic.
  [[nodiscard]] static Result<SigningKey> parse(View pem, const KeyMaterial* passphrase);

  [[nodiscard]] VerificationKey::Kind kind() const noexcept { return kind_; }
  // fits tells whether `key` is the public half.
  [[nodiscard]] bool fits(const EVP_PKEY* key) const noexcept;

  // share is the same key once more.
  [[nodiscard]] SigningKey share() const noexcept;

  // sign signs the bare hash: RSA with PKCS #1 padding and no DigestInfo (RFC 2409 section 5.1),
  // ECDSA as r | s (RFC 4754 section 7). The nonce of ECDSA is OpenSSL's own.
  [[nodiscard]] Result<Bytes> sign(View hashed) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  };
  using Handle = std::unique_ptr<EVP_PKEY, Free>;
  SigningKey(Handle handle, VerificationKey::Kind kind, std::size_t size) noexcept
      : handle_{std::move(handle)}, kind_{kind}, signature_size_{size} {}

  Handle handle_;
  VerificationKey::Kind kind_;
  std::size_t signature_size_;
};

}  // namespace gdoi
