// SPDX-License-Identifier: GPL-2.0-or-later
// The key server's half of the cryptography, straight from OpenSSL.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "gdoi/base/result.h"

namespace push_test {

using gdoi::Bytes;
using gdoi::View;

// Signer is a private key that signs as key servers do.
class Signer {
 public:
  // Generated once for each kind and then kept: making RSA keys takes its time.
  static const Signer& rsa(unsigned bits);
  static const Signer& ecdsa(const std::string& curve);  // "P-256", "P-384", "P-521", ...
  static Signer fresh_rsa(unsigned bits);
  static const Signer& dsa();

  [[nodiscard]] Bytes subject_public_key_info() const;
  [[nodiscard]] Bytes rsa_public_key() const;  // PKCS#1

  // sign hashes `data` with `hash` ("SHA256") and signs it: RSA with DigestInfo, ECDSA as r | s.
  [[nodiscard]] Bytes sign(const std::string& hash, View data) const;
  // sign_bare puts only the hash into the RSA padding.
  [[nodiscard]] Bytes sign_bare(const std::string& hash, View data) const;
  // sign_encoded applies the RSA private key to `encoded` as it is.
  [[nodiscard]] Bytes sign_encoded(View encoded) const;

  [[nodiscard]] EVP_PKEY* handle() const noexcept { return key_.get(); }

 private:
  explicit Signer(EVP_PKEY* key) : key_{key, &EVP_PKEY_free} {}
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

[[nodiscard]] Bytes hash(const std::string& name, View data);
[[nodiscard]] Bytes hmac(const std::string& name, View key, View data);

// encrypt_cbc encrypts whole blocks: "AES-128-CBC", "DES-EDE3-CBC", ...
[[nodiscard]] Bytes encrypt_cbc(const std::string& cipher, View key, View iv, View plain);

}  // namespace push_test
