// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/support/ks/crypto.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace ks {
namespace {

const EVP_MD* md(unsigned algorithm) {
  switch (algorithm) {
    case 1:
      return EVP_md5();
    case 2:
      return EVP_sha1();
    case 4:
      return EVP_sha256();
    case 5:
      return EVP_sha384();
    case 6:
      return EVP_sha512();
  }
  throw Bad{"hash algorithm"};
}

const EVP_CIPHER* cipher(unsigned algorithm, std::size_t key) {
  if (algorithm == 5) return EVP_des_ede3_cbc();
  if (algorithm != 7) throw Bad{"encryption algorithm"};
  return key == 16 ? EVP_aes_128_cbc() : key == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc();
}

Octets crypt(unsigned algorithm, const Octets& key, const Octets& iv, const Octets& data,
             int encrypting) {
  if (data.empty() || data.size() % block(algorithm) != 0) throw Bad{"no whole cipher blocks"};
  std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context{EVP_CIPHER_CTX_new(),
                                                                          &EVP_CIPHER_CTX_free};
  Octets out(data.size() + 32);
  int length = 0;
  EVP_CipherInit_ex(context.get(), cipher(algorithm, key.size()), nullptr, in(key), in(iv),
                    encrypting);
  EVP_CIPHER_CTX_set_padding(context.get(), 0);
  if (EVP_CipherUpdate(context.get(), into(out), &length, in(data),
                       static_cast<int>(data.size())) != 1)
    throw Bad{"cipher"};
  out.resize(static_cast<std::size_t>(length));
  return out;
}

using Big = std::unique_ptr<BIGNUM, decltype(&BN_free)>;
Big big(BIGNUM* number = BN_new()) { return {number, &BN_free}; }

Octets padded(const BIGNUM* number, std::size_t size) {
  Octets out(size);
  if (BN_bn2binpad(number, into(out), static_cast<int>(size)) < 0) throw Bad{"number too long"};
  return out;
}

BIGNUM* prime(unsigned group) {
  switch (group) {
    case 2:
      return BN_get_rfc2409_prime_1024(nullptr);
    case 5:
      return BN_get_rfc3526_prime_1536(nullptr);
    case 14:
      return BN_get_rfc3526_prime_2048(nullptr);
    case 15:
      return BN_get_rfc3526_prime_3072(nullptr);
    case 16:
      return BN_get_rfc3526_prime_4096(nullptr);
  }
  return nullptr;
}

int curve(unsigned group) {
  switch (group) {
    case 19:
      return NID_X9_62_prime256v1;
    case 20:
      return NID_secp384r1;
    case 21:
      return NID_secp521r1;
  }
  throw Bad{"DH group"};
}

}  // namespace

Octets hash(unsigned algorithm, const Octets& data) {
  Octets out(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  EVP_Digest(data.data(), data.size(), into(out), &length, md(algorithm), nullptr);
  out.resize(length);
  return out;
}

Octets hmac(unsigned algorithm, const Octets& key, const Octets& data) {
  Octets out(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  HMAC(md(algorithm), key.data(), static_cast<int>(key.size()), in(data), data.size(), into(out),
       &length);
  out.resize(length);
  return out;
}

std::size_t block(unsigned algorithm) { return algorithm == 5 ? 8 : 16; }

Octets encipher(unsigned algorithm, const Octets& key, const Octets& iv, const Octets& data) {
  return crypt(algorithm, key, iv, data, 1);
}

Octets decipher(unsigned algorithm, const Octets& key, const Octets& iv, const Octets& data) {
  return crypt(algorithm, key, iv, data, 0);
}

// Either a prime and an exponent, or a curve and a factor.
struct Dh::Numbers {
  Big p = big(nullptr), x = big();
  std::unique_ptr<EC_GROUP, decltype(&EC_GROUP_free)> ec{nullptr, &EC_GROUP_free};
  std::size_t size = 0;

  [[nodiscard]] Octets point(const EC_POINT* at, bool whole) const {
    const Big px = big(), py = big();
    if (EC_POINT_get_affine_coordinates(ec.get(), at, px.get(), py.get(), nullptr) != 1)
      throw Bad{"point at infinity"};
    return whole ? padded(px.get(), size) + padded(py.get(), size) : padded(px.get(), size);
  }
};

Dh::Dh(unsigned group) : numbers_{std::make_unique<Numbers>()} {
  Numbers& n = *numbers_;
  BN_rand(n.x.get(), 250, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY);
  n.p.reset(prime(group));
  const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context{BN_CTX_new(), &BN_CTX_free};
  if (n.p) {
    n.size = static_cast<std::size_t>(BN_num_bytes(n.p.get()));
    const Big g = big(), y = big();
    BN_set_word(g.get(), 2);
    BN_mod_exp(y.get(), g.get(), n.x.get(), n.p.get(), context.get());
    open_ = padded(y.get(), n.size);
    return;
  }
  n.ec.reset(EC_GROUP_new_by_curve_name(curve(group)));
  n.size = static_cast<std::size_t>((EC_GROUP_get_degree(n.ec.get()) + 7) / 8);
  const std::unique_ptr<EC_POINT, decltype(&EC_POINT_free)> q{EC_POINT_new(n.ec.get()),
                                                              &EC_POINT_free};
  EC_POINT_mul(n.ec.get(), q.get(), n.x.get(), nullptr, nullptr, context.get());
  open_ = n.point(q.get(), true);
}

Dh::~Dh() = default;

Octets Dh::shared(const Octets& theirs) const {
  const Numbers& n = *numbers_;
  if (theirs.size() != open_.size()) throw Bad{"KE of another length than the group's"};
  const std::unique_ptr<BN_CTX, decltype(&BN_CTX_free)> context{BN_CTX_new(), &BN_CTX_free};
  if (n.p) {
    const Big y = big(BN_bin2bn(in(theirs), static_cast<int>(theirs.size()), nullptr));
    const Big z = big();
    BN_mod_exp(z.get(), y.get(), n.x.get(), n.p.get(), context.get());
    return padded(z.get(), n.size);
  }
  const auto half = static_cast<int>(n.size);
  const Big px = big(BN_bin2bn(in(theirs), half, nullptr));
  const Big py = big(BN_bin2bn(in(theirs) + half, half, nullptr));
  const std::unique_ptr<EC_POINT, decltype(&EC_POINT_free)> q{EC_POINT_new(n.ec.get()),
                                                              &EC_POINT_free};
  if (EC_POINT_set_affine_coordinates(n.ec.get(), q.get(), px.get(), py.get(), context.get()) != 1)
    throw Bad{"KE that is not on the curve"};
  EC_POINT_mul(n.ec.get(), q.get(), nullptr, q.get(), n.x.get(), context.get());
  return n.point(q.get(), false);
}

}  // namespace ks
