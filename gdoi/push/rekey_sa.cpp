// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/rekey_sa.h"

#include "gdoi/crypto/des_key.h"
#include "gdoi/crypto/digest.h"

namespace gdoi {
namespace {

Result<VerificationKey::Kind> kind_of(SignatureAlgorithm algorithm) {
  switch (algorithm) {
    case SignatureAlgorithm::rsa:
      return VerificationKey::Kind::rsa;
    case SignatureAlgorithm::ecdsa256:
      return VerificationKey::Kind::ecdsa_p256;
    case SignatureAlgorithm::ecdsa384:
      return VerificationKey::Kind::ecdsa_p384;
    case SignatureAlgorithm::ecdsa521:
      return VerificationKey::Kind::ecdsa_p521;
    // Neither has a signature format that the RFC fixes, and key servers have neither.
    case SignatureAlgorithm::dss:
    case SignatureAlgorithm::ecdss:
      break;
  }
  return fail(Errc::unsupported, "SIG_ALGORITHM of the KEK", static_cast<std::uint32_t>(algorithm));
}

}  // namespace

HashAlgorithm signature_hash(const KekPolicy& policy) noexcept {
  if (policy.signature_hash) return *policy.signature_hash;
  // RFC 6407 section 5.3.5: "If the SIG_ALGORITHM is SIG_ALG_ECDSA-256, SIG_ALG_ECDSA-384, or
  // SIG_ALG_ECDSA-521, the hash algorithm is implicit in the definition". For RSA nothing is said;
  // SHA-1 is what key servers use unless told otherwise.
  switch (policy.signature) {
    case SignatureAlgorithm::ecdsa256:
      return HashAlgorithm::sha256;
    case SignatureAlgorithm::ecdsa384:
      return HashAlgorithm::sha384;
    case SignatureAlgorithm::ecdsa521:
      return HashAlgorithm::sha512;
    case SignatureAlgorithm::rsa:
    case SignatureAlgorithm::dss:
    case SignatureAlgorithm::ecdss:
      break;
  }
  return HashAlgorithm::sha1;
}

Result<RekeySa> make_rekey_sa(const Kek& kek, Instant now) {
  const auto kind = kind_of(kek.policy.signature);
  if (!kind) return tl::unexpected<Error>{kind.error()};
  auto key = VerificationKey::parse(kek.signature_key);
  if (!key) return tl::unexpected<Error>{key.error()};
  if (key->kind() != *kind)
    return fail(Errc::malformed, "SIG_ALGORITHM_KEY that does not belong to SIG_ALGORITHM",
                static_cast<std::uint32_t>(kek.policy.signature));
  return RekeySa{copy_of(kek), std::move(*key), now + kek.policy.lifetime};
}

KnownSequence known_sequence(const RekeySa& sa) {
  constexpr std::size_t octets = 16;
  constexpr std::byte parity{1};
  const View key = sa.kek.key.view();
  KeyMaterial plain = KeyMaterial::copy_of(key);
  if (sa.kek.policy.cipher != CipherAlgorithm::aes_cbc)
    for (std::byte& octet : plain.writable()) octet &= ~parity;
  Bytes hash = digest(HashAlgorithm::sha256, {sa.kek.iv.view(), plain.view()});
  hash.resize(octets);
  return {sa.kek.policy.spi, std::move(hash), sa.kek.last_sequence, sa.expires};
}

bool same_key(const Kek& a, const Kek& b) noexcept {
  const bool des = a.policy.cipher != CipherAlgorithm::aes_cbc;
  return a.policy.cipher == b.policy.cipher && a.iv.equals(b.iv.view()) &&
         (des ? equal_des_keys(a.key.view(), b.key.view()) : a.key.equals(b.key.view()));
}

}  // namespace gdoi
