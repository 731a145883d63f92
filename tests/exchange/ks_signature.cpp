// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/exchange/ks_signature.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <map>

#include "tests/exchange/ks_crypto.h"

namespace ks {

struct Signer::Key {
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> handle;
  explicit Key(EVP_PKEY* key) : handle{key, &EVP_PKEY_free} {
    if (!handle) throw std::runtime_error{"no signature key"};
  }
  [[nodiscard]] bool is_rsa() const { return EVP_PKEY_get_base_id(handle.get()) == EVP_PKEY_RSA; }
};

namespace {

const EVP_MD* md(unsigned hash) {
  switch (hash) {
    case 2:
      return EVP_sha1();
    case 4:
      return EVP_sha256();
    case 5:
      return EVP_sha384();
    case 6:
      return EVP_sha512();
  }
  throw std::runtime_error{"signature hash"};
}

Octets r_and_s(const Octets& der, std::size_t field) {
  const unsigned char* at = der.data();
  const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature{
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())), &ECDSA_SIG_free};
  if (!signature) throw std::runtime_error{"ECDSA signature"};
  Octets r(field), s(field);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), r.data(), static_cast<int>(field));
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), s.data(), static_cast<int>(field));
  return r + s;
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

Signer Signer::fresh_rsa(unsigned bits) { return Signer{std::make_shared<Key>(EVP_RSA_gen(bits))}; }

Octets Signer::public_key(bool bare) const {
  unsigned char* der = nullptr;
  const int length =
      bare ? i2d_PublicKey(key_->handle.get(), &der) : i2d_PUBKEY(key_->handle.get(), &der);
  if (length <= 0) throw std::runtime_error{"public key"};
  Octets out(der, der + length);
  OPENSSL_free(der);
  return out;
}

unsigned Signer::bits() const {
  return static_cast<unsigned>(EVP_PKEY_get_bits(key_->handle.get()));
}

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
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context{
      EVP_PKEY_CTX_new(key_->handle.get(), nullptr), &EVP_PKEY_CTX_free};
  bool ready = EVP_PKEY_sign_init(context.get()) == 1;
  if (key_->is_rsa())
    ready = ready && EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1;
  if (digest_info)
    ready = ready && EVP_PKEY_CTX_set_signature_md(context.get(), md(hash_number)) == 1;
  Octets out(EVP_PKEY_get_size(key_->handle.get()) > 0
                 ? static_cast<std::size_t>(EVP_PKEY_get_size(key_->handle.get()))
                 : 0);
  std::size_t size = out.size();
  if (!ready || EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) != 1)
    throw std::runtime_error{"signature"};
  out.resize(size);
  return key_->is_rsa() ? out : r_and_s(out, (bits() + 7) / 8);
}

Octets rsa_public_key(unsigned bits, bool bare) { return Signer::rsa(bits).public_key(bare); }
Octets ec_public_key(const std::string& curve) { return Signer::ecdsa(curve).public_key(); }

}  // namespace ks
