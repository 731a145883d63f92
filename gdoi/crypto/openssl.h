// SPDX-License-Identifier: GPL-2.0-or-later
// What the files of this folder share about OpenSSL: owned handles, and bytes as it wants them.
// Private to gdoi/crypto.
#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <cstdlib>
#include <memory>

#include "gdoi/base/result.h"
#include "gdoi/crypto/digest.h"

namespace gdoi::openssl {

// digest_name is how OpenSSL calls it.
[[nodiscard]] const char* digest_name(HashAlgorithm hash) noexcept;

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* handle) const noexcept {
    Free(handle);
  }
};

using DigestContext = std::unique_ptr<EVP_MD_CTX, FreedBy<EVP_MD_CTX_free>>;
using Mac = std::unique_ptr<EVP_MAC, FreedBy<EVP_MAC_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreedBy<EVP_MAC_CTX_free>>;
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreedBy<EVP_CIPHER_CTX_free>>;
using Number = std::unique_ptr<BIGNUM, FreedBy<BN_free>>;
using SecretNumber = std::unique_ptr<BIGNUM, FreedBy<BN_clear_free>>;
using NumberContext = std::unique_ptr<BN_CTX, FreedBy<BN_CTX_free>>;
using Curve = std::unique_ptr<EC_GROUP, FreedBy<EC_GROUP_free>>;
using SecretPoint = std::unique_ptr<EC_POINT, FreedBy<EC_POINT_clear_free>>;
using Key = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;
using Bio = std::unique_ptr<BIO, FreedBy<BIO_free>>;

inline const unsigned char* octets(View bytes) noexcept {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* octets(std::span<std::byte> bytes) noexcept {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

// ErrorsForgotten leaves OpenSSL's error queue empty: what a peer sends must not pile up there.
struct ErrorsForgotten {
  ErrorsForgotten() = default;
  ErrorsForgotten(const ErrorsForgotten&) = delete;
  ErrorsForgotten& operator=(const ErrorsForgotten&) = delete;
  ~ErrorsForgotten() { ERR_clear_error(); }
};

// must ends the process when a call fails that can only fail for want of memory or because
// libcrypto was installed without a basic algorithm: there is nobody to report it to.
inline void must(bool done) noexcept {
  if (!done) std::abort();
}

// reading is a BIO that reads `text`, which outlives it; none at all is read as empty.
inline Bio reading(View text) noexcept {
  const void* const begin = text.empty() ? "" : static_cast<const void*>(text.data());
  Bio out{BIO_new_mem_buf(begin, static_cast<int>(text.size()))};
  must(out != nullptr);
  return out;
}

// der_of is a distinguished name as it stands in certificates and DER_ASN1_DN identities.
inline Bytes der_of(const X509_NAME* name) {
  const int size = i2d_X509_NAME(name, nullptr);
  must(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = octets(std::span{out});
  must(i2d_X509_NAME(name, &at) == size);
  return out;
}

}  // namespace gdoi::openssl
