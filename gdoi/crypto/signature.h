// SPDX-License-Identifier: GPL-2.0-or-later
// Verifying the signatures of GROUPKEY-PUSH (RFC 6407 section 5.3.6).
#pragma once

#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "gdoi/base/result.h"
#include "gdoi/crypto/digest.h"

namespace gdoi {

// SignatureEncoding tells how the hash was put into a signature that verified.
enum class SignatureEncoding : std::uint8_t {
  digest_info,  // RSA, EMSA-PKCS1-v1_5 as RFC 8017 section 9.2 has it
  raw_hash,     // RSA, the same padding around the bare hash, as in RFC 2409 section 5.1
  r_and_s,      // ECDSA, RFC 4754 section 7
};
[[nodiscard]] std::string_view name_of(SignatureEncoding encoding) noexcept;

// VerificationKey is a public key of a kind that we verify signatures of.
class VerificationKey {
 public:
  enum class Kind : std::uint8_t { rsa, ecdsa_p256, ecdsa_p384, ecdsa_p521 };

  // parse reads a DER SubjectPublicKeyInfo, or a bare RSAPublicKey. Fails as malformed when `der`
  // is neither or has octets left over, and as unsupported when the key is of no Kind, or an RSA
  // key of fewer than 1024 bits, more than 8192, or with an exponent that protects nothing.
  [[nodiscard]] static Result<VerificationKey> parse(View der);

  [[nodiscard]] Kind kind() const noexcept { return kind_; }
  // signature_size is the one length a signature may have: the modulus', or twice the field's.
  [[nodiscard]] std::size_t signature_size() const noexcept { return signature_size_; }

  // verify checks `signature` over `hashed`, a value of `hash`. Fails as not authentic, whatever
  // the fault. No ASN.1 of the peer's is parsed on the way.
  [[nodiscard]] Result<SignatureEncoding> verify(HashAlgorithm hash, View hashed,
                                                 View signature) const;

 private:
  struct Free {
    void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  };
  using Handle = std::unique_ptr<EVP_PKEY, Free>;

  VerificationKey(Handle handle, Kind kind, std::size_t signature_size) noexcept
      : handle_{std::move(handle)}, kind_{kind}, signature_size_{signature_size} {}
  [[nodiscard]] static Handle read(View der);
  [[nodiscard]] static Result<VerificationKey> judge_rsa(Handle handle);
  [[nodiscard]] static Result<VerificationKey> judge_ec(Handle handle);
  [[nodiscard]] Result<SignatureEncoding> verify_rsa(HashAlgorithm hash, View hashed,
                                                     View signature) const;
  [[nodiscard]] Result<SignatureEncoding> verify_ecdsa(View hashed, View signature) const;

  Handle handle_;
  Kind kind_;
  std::size_t signature_size_;
};

}  // namespace gdoi
