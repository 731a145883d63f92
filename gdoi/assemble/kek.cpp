// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/assemble/kek.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

namespace gdoi {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
};
using PublicKey = std::unique_ptr<EVP_PKEY, FreeKey>;

PublicKey read_public_key(View der) {
  const auto* const begin = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = begin + der.size();
  const auto size = static_cast<long>(der.size());

  const unsigned char* at = begin;
  PublicKey key{d2i_PUBKEY(nullptr, &at, size)};
  if (!key || at != end) {
    at = begin;
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &at, size));
  }
  ERR_clear_error();
  return at == end ? std::move(key) : nullptr;
}

bool on_curve(const EVP_PKEY* key, std::string_view curve) {
  char name[64] = {};
  std::size_t length = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof name, &length) == 1 &&
         std::string_view{name, length} == curve;
}

bool fits(const EVP_PKEY* key, SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::rsa:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    case SignatureAlgorithm::dss:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_DSA;
    case SignatureAlgorithm::ecdss:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC;
    case SignatureAlgorithm::ecdsa256:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && on_curve(key, "prime256v1");
    case SignatureAlgorithm::ecdsa384:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && on_curve(key, "secp384r1");
    case SignatureAlgorithm::ecdsa521:
      return EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && on_curve(key, "secp521r1");
  }
  return false;
}

Result<void> check_signature_key(View der, SignatureAlgorithm algorithm) {
  if (der.empty()) return fail(Errc::malformed, "KEK key packet without SIG_ALGORITHM_KEY");
  const PublicKey key = read_public_key(der);
  if (!key) return fail(Errc::malformed, "SIG_ALGORITHM_KEY that is no public key");
  if (!fits(key.get(), algorithm))
    return fail(Errc::malformed, "SIG_ALGORITHM_KEY that does not belong to SIG_ALGORITHM",
                static_cast<std::uint32_t>(algorithm));
  return {};
}

}  // namespace

Result<Kek> make_kek(const KekPolicy& policy, KekKeys keys, SequenceNumber sequence) {
  if (keys.spi != policy.spi)
    return fail(Errc::malformed, "KEK key packet with another SPI than the SAK's");

  // RFC 6407 section 5.6.2.1: "If the mode of operation for the algorithm requires an IV, an
  // explicit IV MUST be included in the KEK_ALGORITHM_KEY before the actual key."
  const std::size_t iv_size = block_size(policy.cipher), key_size = policy.key_bits / 8u;
  const View both = keys.iv_and_key.view();
  if (both.size() != iv_size + key_size)
    return fail(Errc::malformed, "KEK_ALGORITHM_KEY of another length than IV and key",
                static_cast<std::uint32_t>(both.size()));
  if (const auto key = check_signature_key(keys.signature_key, policy.signature); !key)
    return tl::unexpected<Error>{key.error()};

  return Kek{policy, KeyMaterial::copy_of(both.subspan(iv_size)),
             KeyMaterial::copy_of(both.first(iv_size)), std::move(keys.signature_key), sequence};
}

}  // namespace gdoi
