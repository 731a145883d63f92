// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/digest.h"

#include <openssl/core_names.h>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;

}  // namespace

const char* openssl::digest_name(HashAlgorithm hash) noexcept {
  switch (hash) {
    case HashAlgorithm::md5:
      return "MD5";
    case HashAlgorithm::sha1:
      return "SHA1";
    case HashAlgorithm::sha256:
      return "SHA256";
    case HashAlgorithm::sha384:
      return "SHA384";
    case HashAlgorithm::sha512:
      return "SHA512";
  }
  std::abort();
}

std::size_t digest_size(HashAlgorithm hash) noexcept {
  switch (hash) {
    case HashAlgorithm::md5:
      return 16;
    case HashAlgorithm::sha1:
      return 20;
    case HashAlgorithm::sha256:
      return 32;
    case HashAlgorithm::sha384:
      return 48;
    case HashAlgorithm::sha512:
      return 64;
  }
  std::abort();
}

Bytes digest(HashAlgorithm hash, std::initializer_list<View> parts) {
  const openssl::DigestContext context{EVP_MD_CTX_new()};
  must(context != nullptr);
  must(EVP_DigestInit_ex2(context.get(), EVP_get_digestbyname(openssl::digest_name(hash)),
                          nullptr) == 1);
  for (const View part : parts)
    must(EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1);

  Bytes out(digest_size(hash));
  unsigned length = 0;
  must(EVP_DigestFinal_ex(context.get(), octets(std::span{out}), &length) == 1 &&
       length == out.size());
  return out;
}

KeyMaterial prf(HashAlgorithm hash, View key, std::initializer_list<View> parts) {
  const openssl::Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  must(mac != nullptr);
  const openssl::MacContext context{EVP_MAC_CTX_new(mac.get())};
  must(context != nullptr);

  // OpenSSL takes a null key for "the key set before", so an empty one needs an address.
  static constexpr unsigned char no_key = 0;
  char* const hash_name =
      const_cast<char*>(openssl::digest_name(hash));  // not written to: see OSSL_PARAM(3)
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, hash_name, 0), OSSL_PARAM_END};
  must(EVP_MAC_init(context.get(), key.empty() ? &no_key : octets(key), key.size(), parameters) ==
       1);
  for (const View part : parts) must(EVP_MAC_update(context.get(), octets(part), part.size()) == 1);

  KeyMaterial out{digest_size(hash)};
  std::size_t length = 0;
  must(EVP_MAC_final(context.get(), octets(out.writable()), &length, out.size()) == 1 &&
       length == out.size());
  return out;
}

}  // namespace gdoi
