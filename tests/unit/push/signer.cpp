// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/unit/push/signer.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <map>
#include <stdexcept>

namespace push_test {
namespace {

// A test whose key server cannot sign tests nothing.
void need(bool done, const char* what) {
  if (!done) throw std::runtime_error{std::string{"OpenSSL: "} + what};
}

const unsigned char* in(View octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}
unsigned char* into(Bytes& octets) { return reinterpret_cast<unsigned char*>(octets.data()); }

using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

Context context_of(EVP_PKEY* key) {
  Context out{EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free};
  need(out != nullptr, "EVP_PKEY_CTX_new");
  return out;
}

Bytes sign_with(EVP_PKEY* key, int padding, View data) {
  const Context context = context_of(key);
  need(EVP_PKEY_sign_init(context.get()) == 1, "sign_init");
  need(EVP_PKEY_CTX_set_rsa_padding(context.get(), padding) == 1, "padding");
  std::size_t size = 0;
  need(EVP_PKEY_sign(context.get(), nullptr, &size, in(data), data.size()) == 1, "sign");
  Bytes out(size);
  need(EVP_PKEY_sign(context.get(), into(out), &size, in(data), data.size()) == 1, "sign");
  return out;
}

Bytes r_and_s(EVP_PKEY* key, const Bytes& der) {
  const unsigned char* at = in(der);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free};
  need(signature != nullptr, "d2i_ECDSA_SIG");
  const int field = (EVP_PKEY_get_bits(key) + 7) / 8;
  Bytes out(static_cast<std::size_t>(2 * field));
  need(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), into(out), field) == field, "r");
  need(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), into(out) + field, field) == field, "s");
  return out;
}

// From 4096 bits on the modulus gets more primes, which costs the signer security and the test
// much less time; a verifier cannot tell.
EVP_PKEY* generate_rsa(unsigned bits) {
  const Context context{EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, nullptr), &EVP_PKEY_CTX_free};
  need(context && EVP_PKEY_keygen_init(context.get()) == 1, "keygen_init");
  need(EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), static_cast<int>(bits)) == 1, "bits");
  if (bits >= 4096) need(EVP_PKEY_CTX_set_rsa_keygen_primes(context.get(), 4) == 1, "primes");
  EVP_PKEY* key = nullptr;
  need(EVP_PKEY_generate(context.get(), &key) == 1, "keygen");
  return key;
}

EVP_PKEY* generate_dsa() {
  const Context context{EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, nullptr), &EVP_PKEY_CTX_free};
  need(context && EVP_PKEY_paramgen_init(context.get()) == 1, "paramgen_init");
  EVP_PKEY* parameters = nullptr;
  need(EVP_PKEY_paramgen(context.get(), &parameters) == 1, "paramgen");
  const Context from = context_of(parameters);
  EVP_PKEY_free(parameters);
  EVP_PKEY* key = nullptr;
  need(EVP_PKEY_keygen_init(from.get()) == 1 && EVP_PKEY_keygen(from.get(), &key) == 1, "keygen");
  return key;
}

}  // namespace

Signer Signer::fresh_rsa(unsigned bits) { return Signer{generate_rsa(bits)}; }

const Signer& Signer::rsa(unsigned bits) {
  static std::map<unsigned, Signer> keys;
  const auto found = keys.find(bits);
  return found != keys.end() ? found->second : keys.emplace(bits, fresh_rsa(bits)).first->second;
}

const Signer& Signer::ecdsa(const std::string& curve) {
  static std::map<std::string, Signer> keys;
  const auto found = keys.find(curve);
  if (found != keys.end()) return found->second;
  EVP_PKEY* const key = EVP_EC_gen(curve.c_str());
  need(key != nullptr, "EVP_EC_gen");
  return keys.emplace(curve, Signer{key}).first->second;
}

const Signer& Signer::dsa() {
  static const Signer key{generate_dsa()};
  return key;
}

Bytes Signer::subject_public_key_info() const {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &der);
  need(size > 0, "i2d_PUBKEY");
  const auto* const begin = reinterpret_cast<const std::byte*>(der);
  Bytes out(begin, begin + size);
  OPENSSL_free(der);
  return out;
}

Bytes Signer::rsa_public_key() const {
  unsigned char* der = nullptr;
  const int size = i2d_PublicKey(key_.get(), &der);
  need(size > 0, "i2d_PublicKey");
  const auto* const begin = reinterpret_cast<const std::byte*>(der);
  Bytes out(begin, begin + size);
  OPENSSL_free(der);
  return out;
}

Bytes Signer::sign(const std::string& hash, View data) const {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free};
  need(context && EVP_DigestSignInit_ex(context.get(), nullptr, hash.c_str(), nullptr, nullptr,
                                        key_.get(), nullptr) == 1,
       "DigestSignInit");
  std::size_t size = 0;
  need(EVP_DigestSign(context.get(), nullptr, &size, in(data), data.size()) == 1, "DigestSign");
  Bytes out(size);
  need(EVP_DigestSign(context.get(), into(out), &size, in(data), data.size()) == 1, "DigestSign");
  out.resize(size);
  return EVP_PKEY_get_base_id(key_.get()) == EVP_PKEY_EC ? r_and_s(key_.get(), out) : out;
}

Bytes Signer::sign_bare(const std::string& hash_name, View data) const {
  return sign_with(key_.get(), RSA_PKCS1_PADDING, hash(hash_name, data));
}

Bytes Signer::sign_encoded(View encoded) const {
  return sign_with(key_.get(), RSA_NO_PADDING, encoded);
}

Bytes hash(const std::string& name, View data) {
  Bytes out(EVP_MAX_MD_SIZE);
  std::size_t size = 0;
  need(
      EVP_Q_digest(nullptr, name.c_str(), nullptr, data.data(), data.size(), into(out), &size) == 1,
      "digest");
  out.resize(size);
  return out;
}

Bytes hmac(const std::string& name, View key, View data) {
  Bytes out(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  need(HMAC(EVP_get_digestbyname(name.c_str()), key.data(), static_cast<int>(key.size()), in(data),
            data.size(), into(out), &size) != nullptr,
       "HMAC");
  out.resize(size);
  return out;
}

Bytes encrypt_cbc(const std::string& cipher, View key, View iv, View plain) {
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{
      EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free};
  const std::unique_ptr<EVP_CIPHER, decltype(&EVP_CIPHER_free)> method{
      EVP_CIPHER_fetch(nullptr, cipher.c_str(), nullptr), &EVP_CIPHER_free};
  need(context && method &&
           EVP_EncryptInit_ex2(context.get(), method.get(), in(key), in(iv), nullptr) == 1 &&
           EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1,
       "EncryptInit");
  Bytes out(plain.size());
  int size = 0;
  need(EVP_EncryptUpdate(context.get(), into(out), &size, in(plain),
                         static_cast<int>(plain.size())) == 1 &&
           static_cast<std::size_t>(size) == plain.size(),
       "EncryptUpdate");
  return out;
}

}  // namespace push_test
