// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/signing_key.h"

#include <openssl/ecdsa.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, openssl::FreedBy<ECDSA_SIG_free>>;

// Passphrase is what OpenSSL asks for when a key turns out to be encrypted.
struct Passphrase {
  const KeyMaterial* text;
  bool asked = false;

  static int tell(char* out, int room, int, void* self) {
    auto& passphrase = *static_cast<Passphrase*>(self);
    passphrase.asked = true;
    if (passphrase.text == nullptr) return -1;
    const View text = passphrase.text->view();
    if (text.size() > static_cast<std::size_t>(room)) return -1;
    std::copy(text.begin(), text.end(), reinterpret_cast<std::byte*>(out));
    return static_cast<int>(text.size());
  }
};

Result<VerificationKey> public_half(EVP_PKEY* key) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key, &der);
  if (size <= 0) return fail(Errc::malformed, "private key");
  auto out = VerificationKey::parse(
      {reinterpret_cast<const std::byte*>(der), static_cast<std::size_t>(size)});
  OPENSSL_free(der);
  return out;
}

// r_and_s writes the ASN.1 that OpenSSL made as RFC 4754 section 7 wants it.
Bytes r_and_s(View der, std::size_t size) {
  const unsigned char* at = octets(der);
  const EcdsaSignature signature{d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size()))};
  must(signature != nullptr);
  Bytes out(size);
  const int half = static_cast<int>(size / 2);
  unsigned char* const r = octets(std::span{out});
  must(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), r, half) == half &&
       BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), r + half, half) == half);
  return out;
}

}  // namespace

Result<SigningKey> SigningKey::parse(View pem, const KeyMaterial* passphrase) {
  const openssl::ErrorsForgotten forgotten;
  const auto in = openssl::reading(pem);
  Passphrase telling{passphrase};
  Handle handle{PEM_read_bio_PrivateKey(in.get(), nullptr, &Passphrase::tell, &telling)};
  if (!handle && telling.asked && passphrase == nullptr)
    return fail(Errc::unsupported, "private key is encrypted, and there is no passphrase for it");
  if (!handle && telling.asked)
    return fail(Errc::not_authentic, "private key cannot be decrypted with its passphrase");
  if (!handle) return fail(Errc::malformed, "no PEM private key");

  const auto known = public_half(handle.get());
  if (!known) return tl::unexpected<Error>{known.error()};
  const openssl::KeyContext context{EVP_PKEY_CTX_new(handle.get(), nullptr)};
  must(context != nullptr);
  if (EVP_PKEY_pairwise_check(context.get()) != 1)
    return fail(Errc::malformed, "private key whose numbers do not belong together");
  return SigningKey{std::move(handle), known->kind(), known->signature_size()};
}

bool SigningKey::fits(const EVP_PKEY* key) const noexcept {
  const openssl::ErrorsForgotten forgotten;
  return EVP_PKEY_eq(handle_.get(), key) == 1;
}

SigningKey SigningKey::share() const noexcept {
  must(EVP_PKEY_up_ref(handle_.get()) == 1);
  return {Handle{handle_.get()}, kind_, signature_size_};
}

Result<Bytes> SigningKey::sign(View hashed) const {
  const openssl::ErrorsForgotten forgotten;
  const openssl::KeyContext context{EVP_PKEY_CTX_new(handle_.get(), nullptr)};
  must(context && EVP_PKEY_sign_init(context.get()) == 1);
  const bool rsa = kind_ == VerificationKey::Kind::rsa;
  // Without a digest set, the padding goes straight around what is signed.
  if (rsa) must(EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1);
  std::size_t size = 0;
  if (EVP_PKEY_sign(context.get(), nullptr, &size, octets(hashed), hashed.size()) != 1)
    return fail(Errc::crypto, "signing with our private key");
  Bytes out(size);
  if (EVP_PKEY_sign(context.get(), octets(std::span{out}), &size, octets(hashed), hashed.size()) !=
      1)
    return fail(Errc::crypto, "signing with our private key");
  out.resize(size);
  return rsa ? std::move(out) : r_and_s(out, signature_size_);
}

}  // namespace gdoi
