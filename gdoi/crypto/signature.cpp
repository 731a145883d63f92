// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/signature.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cassert>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;

using openssl::ErrorsForgotten;
using openssl::KeyContext;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, openssl::FreedBy<ECDSA_SIG_free>>;

// RSA keys below are forged in an afternoon, those above cost every member seconds a rekey.
constexpr int fewest_rsa_bits = 1024, most_rsa_bits = 8192;

// digest_info is the DER that RFC 8017 section 9.2 note 1 puts before a hash.
View digest_info(HashAlgorithm hash) noexcept {
  constexpr auto octet = [](int value) { return static_cast<std::byte>(value); };
  static constexpr std::array md5{octet(0x30), octet(0x20), octet(0x30), octet(0x0c), octet(0x06),
                                  octet(0x08), octet(0x2a), octet(0x86), octet(0x48), octet(0x86),
                                  octet(0xf7), octet(0x0d), octet(0x02), octet(0x05), octet(0x05),
                                  octet(0x00), octet(0x04), octet(0x10)};
  static constexpr std::array sha1{octet(0x30), octet(0x21), octet(0x30), octet(0x09), octet(0x06),
                                   octet(0x05), octet(0x2b), octet(0x0e), octet(0x03), octet(0x02),
                                   octet(0x1a), octet(0x05), octet(0x00), octet(0x04), octet(0x14)};
  // The three of SHA-2 differ in their lengths and in the last octet of the identifier.
  constexpr auto sha2 = [octet](int size, int last) {
    return std::array{octet(0x30), octet(size + 17), octet(0x30), octet(0x0d), octet(0x06),
                      octet(0x09), octet(0x60),      octet(0x86), octet(0x48), octet(0x01),
                      octet(0x65), octet(0x03),      octet(0x04), octet(0x02), octet(last),
                      octet(0x05), octet(0x00),      octet(0x04), octet(size)};
  };
  static constexpr auto sha256 = sha2(32, 1), sha384 = sha2(48, 2), sha512 = sha2(64, 3);
  switch (hash) {
    case HashAlgorithm::md5:
      return md5;
    case HashAlgorithm::sha1:
      return sha1;
    case HashAlgorithm::sha256:
      return sha256;
    case HashAlgorithm::sha384:
      return sha384;
    case HashAlgorithm::sha512:
      return sha512;
  }
  std::abort();
}

// encoded_message is EM = 00 | 01 | FF ... FF | 00 | prefix | hashed, `size` octets long.
Bytes encoded_message(std::size_t size, View prefix, View hashed) {
  constexpr std::size_t least_padding = 11;  // 00 01, eight times FF, 00
  const std::size_t tail = prefix.size() + hashed.size();
  assert(size >= tail + least_padding);
  Bytes out(size - tail, std::byte{0xff});
  out.front() = out.back() = std::byte{0x00};
  out[1] = std::byte{0x01};
  out.insert(out.end(), prefix.begin(), prefix.end());
  out.insert(out.end(), hashed.begin(), hashed.end());
  return out;
}

struct CurveOf {
  std::string_view name;
  VerificationKey::Kind kind;
  std::size_t field_octets;
};
constexpr std::array curves{
    CurveOf{"prime256v1", VerificationKey::Kind::ecdsa_p256, 32},
    CurveOf{"secp384r1", VerificationKey::Kind::ecdsa_p384, 48},
    CurveOf{"secp521r1", VerificationKey::Kind::ecdsa_p521, 66},
};

openssl::Number number_of(const EVP_PKEY* key, const char* parameter) {
  BIGNUM* out = nullptr;
  if (EVP_PKEY_get_bn_param(key, parameter, &out) != 1) return nullptr;
  return openssl::Number{out};
}

// as_der writes r | s as the ASN.1 that OpenSSL wants.
Bytes as_der(View r_and_s) {
  const std::size_t half = r_and_s.size() / 2;
  const auto number = [](View part) {
    return openssl::Number{BN_bin2bn(octets(part), static_cast<int>(part.size()), nullptr)};
  };
  auto r = number(r_and_s.first(half)), s = number(r_and_s.last(half));
  const EcdsaSignature signature{ECDSA_SIG_new()};
  must(r && s && signature && ECDSA_SIG_set0(signature.get(), r.get(), s.get()) == 1);
  static_cast<void>(r.release());  // both are the signature's now
  static_cast<void>(s.release());

  const int size = i2d_ECDSA_SIG(signature.get(), nullptr);
  must(size > 0);
  Bytes out(static_cast<std::size_t>(size));
  unsigned char* at = octets(std::span{out});
  must(i2d_ECDSA_SIG(signature.get(), &at) == size);
  return out;
}

}  // namespace

std::string_view name_of(SignatureEncoding encoding) noexcept {
  switch (encoding) {
    case SignatureEncoding::digest_info:
      return "RSA with DigestInfo";
    case SignatureEncoding::raw_hash:
      return "RSA of the bare hash";
    case SignatureEncoding::r_and_s:
      return "ECDSA";
  }
  std::abort();
}

VerificationKey::Handle VerificationKey::read(View der) {
  const unsigned char* const begin = octets(der);
  const unsigned char* const end = begin + der.size();
  const auto size = static_cast<long>(der.size());

  const unsigned char* at = begin;
  Handle key{d2i_PUBKEY(nullptr, &at, size)};
  if (key && at == end) return key;
  at = begin;
  key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  return at == end ? std::move(key) : nullptr;
}

Result<VerificationKey> VerificationKey::parse(View der) {
  const ErrorsForgotten forgotten;
  auto handle = der.empty() ? nullptr : read(der);
  if (!handle) return fail(Errc::malformed, "signature key that is no public key");
  const int type = EVP_PKEY_get_base_id(handle.get());
  if (type == EVP_PKEY_RSA) return judge_rsa(std::move(handle));
  if (type == EVP_PKEY_EC) return judge_ec(std::move(handle));
  return fail(Errc::unsupported, "signature key that is neither RSA nor ECDSA");
}

Result<VerificationKey> VerificationKey::judge_rsa(Handle handle) {
  const int bits = EVP_PKEY_get_bits(handle.get());
  if (bits < fewest_rsa_bits || bits > most_rsa_bits)
    return fail(Errc::unsupported, "RSA signature key size", static_cast<std::uint32_t>(bits));
  // A large exponent is good for nothing but keeping us busy.
  constexpr int most_exponent_bits = 64;
  // With an exponent of 1 a signature is its own encoded message, so anybody could write it.
  const auto modulus = number_of(handle.get(), OSSL_PKEY_PARAM_RSA_N);
  const auto exponent = number_of(handle.get(), OSSL_PKEY_PARAM_RSA_E);
  if (!modulus || !exponent || BN_is_odd(modulus.get()) != 1 || BN_is_odd(exponent.get()) != 1 ||
      BN_is_one(exponent.get()) == 1 || BN_num_bits(exponent.get()) > most_exponent_bits)
    return fail(Errc::unsupported, "RSA signature key with an unusable modulus or exponent");
  return VerificationKey{std::move(handle), Kind::rsa, (static_cast<std::size_t>(bits) + 7) / 8};
}

Result<VerificationKey> VerificationKey::judge_ec(Handle handle) {
  char name[64] = {};
  std::size_t length = 0;
  if (EVP_PKEY_get_group_name(handle.get(), name, sizeof name, &length) != 1)
    return fail(Errc::unsupported, "ECDSA signature key on a curve without a name");
  const auto* const curve = std::find_if(curves.begin(), curves.end(), [&](const CurveOf& known) {
    return known.name == std::string_view{name, length};
  });
  if (curve == curves.end()) return fail(Errc::unsupported, "curve of an ECDSA signature key");

  const KeyContext context{EVP_PKEY_CTX_new(handle.get(), nullptr)};
  must(context != nullptr);
  if (EVP_PKEY_public_check(context.get()) != 1)
    return fail(Errc::malformed, "ECDSA signature key that is no point of its curve");
  return VerificationKey{std::move(handle), curve->kind, 2 * curve->field_octets};
}

Result<SignatureEncoding> VerificationKey::verify(HashAlgorithm hash, View hashed,
                                                  View signature) const {
  assert(hashed.size() == digest_size(hash));
  const ErrorsForgotten forgotten;
  // RFC 8017 section 8.2.2: "If the length of the signature S is not k octets, output "invalid
  // signature" and stop."
  if (signature.size() != signature_size_)
    return fail(Errc::not_authentic, "signature of another length than its key's",
                static_cast<std::uint32_t>(signature.size()));
  return kind_ == Kind::rsa ? verify_rsa(hash, hashed, signature) : verify_ecdsa(hashed, signature);
}

Result<SignatureEncoding> VerificationKey::verify_rsa(HashAlgorithm hash, View hashed,
                                                      View signature) const {
  const KeyContext context{EVP_PKEY_CTX_new(handle_.get(), nullptr)};
  must(context && EVP_PKEY_verify_recover_init(context.get()) == 1 &&
       EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_NO_PADDING) == 1);
  Bytes recovered(signature_size_);
  std::size_t size = recovered.size();
  if (EVP_PKEY_verify_recover(context.get(), octets(std::span{recovered}), &size, octets(signature),
                              signature.size()) != 1 ||
      size != recovered.size())
    return fail(Errc::not_authentic, "signature out of range");

  // RFC 8017 section 8.2.2: "Compare the encoded message EM and the second encoded message EM'. If
  // they are the same, output "valid signature""
  if (recovered == encoded_message(size, digest_info(hash), hashed))
    return SignatureEncoding::digest_info;
  if (recovered == encoded_message(size, {}, hashed)) return SignatureEncoding::raw_hash;
  return fail(Errc::not_authentic, "signature");
}

Result<SignatureEncoding> VerificationKey::verify_ecdsa(View hashed, View signature) const {
  const KeyContext context{EVP_PKEY_CTX_new(handle_.get(), nullptr)};
  must(context && EVP_PKEY_verify_init(context.get()) == 1);
  const Bytes der = as_der(signature);
  if (EVP_PKEY_verify(context.get(), octets(der), der.size(), octets(hashed), hashed.size()) != 1)
    return fail(Errc::not_authentic, "signature");
  return SignatureEncoding::r_and_s;
}

}  // namespace gdoi
