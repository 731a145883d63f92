// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/ks/signature.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <map>

#include "tests/support/ks/crypto.h"

namespace ks {

struct Signer::Key {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> handle;
  explicit Key(EVP_PKEY* key) : handle{key, &EVP_PKEY_free} {
    if (!handle) throw std::runtime_error{"OpenSSL: no signature key"};
  }
  [[nodiscard]] bool is_rsa() const { return EVP_PKEY_get_base_id(handle.get()) == EVP_PKEY_RSA; }
};

namespace {

// A test whose key server cannot sign tests nothing.
void need(bool done, const char* what) {
  if (!done) throw std::runtime_error{std::string{"OpenSSL: "} + what};
}

using Context = std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)>;

Context context_of(EVP_PKEY* key) {
  Context out{EVP_PKEY_CTX_new(key, nullptr), &EVP_PKEY_CTX_free};
  need(out != nullptr, "EVP_PKEY_CTX_new");
  return out;
}

const EVP_MD* signature_md(unsigned hash) {
  switch (hash) {
    case md5:
      return EVP_md5();
    case sha1:
      return EVP_sha1();
    case sha256:
      return EVP_sha256();
    case sha384:
      return EVP_sha384();
    case sha512:
      return EVP_sha512();
  }
  throw std::runtime_error{"signature hash"};
}

Octets signed_by(EVP_PKEY_CTX* context, const Octets& data) {
  std::size_t size = 0;
  need(EVP_PKEY_sign(context, nullptr, &size, in(data), data.size()) == 1, "sign");
  Octets out(size);
  need(EVP_PKEY_sign(context, into(out), &size, in(data), data.size()) == 1, "sign");
  out.resize(size);
  return out;
}

Octets r_and_s(const Octets& der, std::size_t field) {
  const unsigned char* at = in(der);
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free};
  need(signature != nullptr, "d2i_ECDSA_SIG");
  Octets r(field), s(field);
  const int size = static_cast<int>(field);
  need(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), into(r), size) == size, "r");
  need(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), into(s), size) == size, "s");
  return r + s;
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

const Signer& Signer::rsa(unsigned bits) {
  static std::map<unsigned, Signer> keys;
  const auto found = keys.find(bits);
  return found != keys.end() ? found->second : keys.emplace(bits, fresh_rsa(bits)).first->second;
}

const Signer& Signer::ecdsa(const std::string& curve) {
  static std::map<std::string, Signer> keys;
  const auto found = keys.find(curve);
  if (found != keys.end()) return found->second;
  return keys.emplace(curve, Signer{std::make_shared<Key>(EVP_EC_gen(curve.c_str()))})
      .first->second;
}

const Signer& Signer::dsa() {
  static const Signer key{std::make_shared<Key>(generate_dsa())};
  return key;
}

Signer Signer::fresh_rsa(unsigned bits) {
  return Signer{std::make_shared<Key>(generate_rsa(bits))};
}

Octets Signer::public_key(bool bare) const {
  unsigned char* der = nullptr;
  const int length =
      bare ? i2d_PublicKey(key_->handle.get(), &der) : i2d_PUBKEY(key_->handle.get(), &der);
  need(length > 0, "public key");
  Octets out = octets_from(der, length);
  OPENSSL_free(der);
  return out;
}

unsigned Signer::bits() const {
  return static_cast<unsigned>(EVP_PKEY_get_bits(key_->handle.get()));
}

bool Signer::is_rsa() const { return key_->is_rsa(); }

unsigned Signer::algorithm() const {
  if (key_->is_rsa()) return 1;
  return bits() == 256 ? 4 : bits() == 384 ? 5 : 6;
}

std::size_t Signer::signature_size() const {
  const std::size_t field = (bits() + 7) / 8;
  return key_->is_rsa() ? field : 2 * field;
}

Octets Signer::sign(unsigned hash_number, const Octets& data, bool digest_info) const {
  const Octets digest = hash(hash_number, data);
  const Context context = context_of(key_->handle.get());
  need(EVP_PKEY_sign_init(context.get()) == 1, "sign_init");
  if (is_rsa())
    need(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1, "padding");
  if (digest_info)
    need(EVP_PKEY_CTX_set_signature_md(context.get(), signature_md(hash_number)) == 1,
         "signature_md");
  const Octets out = signed_by(context.get(), digest);
  return is_rsa() ? out : r_and_s(out, (bits() + 7) / 8);
}

Octets Signer::sign_encoded(const Octets& encoded) const {
  const Context context = context_of(key_->handle.get());
  need(EVP_PKEY_sign_init(context.get()) == 1, "sign_init");
  need(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1, "padding");
  return signed_by(context.get(), encoded);
}

Octets rsa_public_key(unsigned bits, bool bare) { return Signer::rsa(bits).public_key(bare); }
Octets ec_public_key(const std::string& curve) { return Signer::ecdsa(curve).public_key(); }

}  // namespace ks
