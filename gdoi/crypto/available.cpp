// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/available.h"

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include <array>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

// DES is done by triple DES: see cipher.cpp.
const char* fetched_name(CipherAlgorithm cipher, std::size_t key_octets) noexcept {
  if (cipher != CipherAlgorithm::aes_cbc) return "DES-EDE3-CBC";
  return key_octets == 16 ? "AES-128-CBC" : (key_octets == 24 ? "AES-192-CBC" : "AES-256-CBC");
}

bool can_authenticate(HashAlgorithm hash) {
  const openssl::Mac mac{EVP_MAC_fetch(nullptr, "HMAC", nullptr)};
  if (mac == nullptr) return false;
  const openssl::MacContext context{EVP_MAC_CTX_new(mac.get())};
  static constexpr std::array<unsigned char, 32> key{};
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST,
                                       const_cast<char*>(openssl::digest_name(hash)), 0),
      OSSL_PARAM_END};
  return context != nullptr && EVP_MAC_init(context.get(), key.data(), key.size(), parameters) == 1;
}

}  // namespace

bool is_available(HashAlgorithm hash) {
  const openssl::ErrorsForgotten forgotten;
  EVP_MD* const found = EVP_MD_fetch(nullptr, openssl::digest_name(hash), nullptr);
  EVP_MD_free(found);
  return found != nullptr && can_authenticate(hash);
}

bool is_available(CipherAlgorithm cipher, std::size_t key_octets) {
  const openssl::ErrorsForgotten forgotten;
  EVP_CIPHER* const found = EVP_CIPHER_fetch(nullptr, fetched_name(cipher, key_octets), nullptr);
  EVP_CIPHER_free(found);
  return found != nullptr;
}

bool is_random_available() {
  const openssl::ErrorsForgotten forgotten;
  std::array<unsigned char, 1> drawn{};
  return RAND_priv_bytes_ex(nullptr, drawn.data(), drawn.size(), 0) == 1;
}

void leave_out_error_texts() {
  // When that fails, they are loaded.
  static_cast<void>(OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, nullptr));
}

}  // namespace gdoi
