// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/dh.h"

#include <openssl/obj_mac.h>

#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;

// RFC 3526 section 8 asks for exponents of 480 bits at most in groups up to 4096 bits; one size for
// all, and long exponents in the small groups cost little.
constexpr std::size_t modp_private_size = 64;

bool is_ecp(DhGroup group) noexcept {
  switch (group) {
    case DhGroup::ecp256:
    case DhGroup::ecp384:
    case DhGroup::ecp521:
      return true;
    case DhGroup::modp1024:
    case DhGroup::modp1536:
    case DhGroup::modp2048:
    case DhGroup::modp3072:
    case DhGroup::modp4096:
      return false;
  }
  std::abort();
}

// ---- MODP ---------------------------------------------------------------------------------------

openssl::Number prime(DhGroup group) {
  openssl::Number p;
  switch (group) {
    case DhGroup::modp1024:
      p.reset(BN_get_rfc2409_prime_1024(nullptr));
      break;
    case DhGroup::modp1536:
      p.reset(BN_get_rfc3526_prime_1536(nullptr));
      break;
    case DhGroup::modp2048:
      p.reset(BN_get_rfc3526_prime_2048(nullptr));
      break;
    case DhGroup::modp3072:
      p.reset(BN_get_rfc3526_prime_3072(nullptr));
      break;
    case DhGroup::modp4096:
      p.reset(BN_get_rfc3526_prime_4096(nullptr));
      break;
    case DhGroup::ecp256:
    case DhGroup::ecp384:
    case DhGroup::ecp521:
      break;
  }
  must(p != nullptr);
  return p;
}

openssl::SecretNumber number(View bytes) {
  openssl::SecretNumber out{
      BN_bin2bn(octets(bytes), static_cast<int>(bytes.size()), BN_secure_new())};
  must(out != nullptr);
  BN_set_flags(out.get(), BN_FLG_CONSTTIME);
  return out;
}

void write_padded(const BIGNUM* value, std::span<std::byte> out) {
  must(BN_bn2binpad(value, octets(out), static_cast<int>(out.size())) ==
       static_cast<int>(out.size()));
}

// power computes base^exponent mod p without branching on the exponent's bits.
openssl::SecretNumber power(const BIGNUM* base, View exponent, const BIGNUM* p) {
  const openssl::NumberContext context{BN_CTX_secure_new()};
  openssl::SecretNumber out{BN_secure_new()};
  must(context != nullptr && out != nullptr);
  must(BN_mod_exp_mont_consttime(out.get(), base, number(exponent).get(), p, context.get(),
                                 nullptr) == 1);
  return out;
}

// RFC 2412 section 2.3.1.1: implementations "should also refuse to accept the values 1 and p-1 from
// remote parties". These are the groups of order 1 and 2, where the peer would choose our shared
// secret; with safe primes there are no other small ones.
bool in_range(const BIGNUM* value, const BIGNUM* p) {
  const openssl::Number top{BN_dup(p)};
  must(top != nullptr && BN_sub_word(top.get(), 1) == 1);
  return BN_cmp(value, BN_value_one()) > 0 && BN_cmp(value, top.get()) < 0;
}

Result<KeyMaterial> modp_shared(DhGroup group, View secret, View peer) {
  const openssl::Number p = prime(group);
  const openssl::SecretNumber value = number(peer);
  if (!in_range(value.get(), p.get())) return fail(Errc::malformed, "KE value out of range");
  KeyMaterial out{public_size(group)};
  write_padded(power(value.get(), secret, p.get()).get(), out.writable());
  return out;
}

Bytes modp_public(DhGroup group, View secret) {
  const openssl::Number generator{BN_new()};
  must(generator != nullptr && BN_set_word(generator.get(), 2) == 1);
  Bytes out(public_size(group));
  write_padded(power(generator.get(), secret, prime(group).get()).get(), out);
  return out;
}

// ---- ECP ----------------------------------------------------------------------------------------

openssl::Curve curve(DhGroup group) {
  const int nid = group == DhGroup::ecp256
                      ? NID_X9_62_prime256v1
                      : (group == DhGroup::ecp384 ? NID_secp384r1 : NID_secp521r1);
  openssl::Curve out{EC_GROUP_new_by_curve_name(nid)};
  must(out != nullptr);
  return out;
}

// multiply computes private * peer, or private * generator when there is no peer.
openssl::SecretPoint multiply(const EC_GROUP* on, const EC_POINT* peer, View secret) {
  const openssl::NumberContext context{BN_CTX_secure_new()};
  openssl::SecretPoint out{EC_POINT_new(on)};
  must(context != nullptr && out != nullptr);
  const auto scalar = number(secret);
  const BIGNUM* for_generator = peer == nullptr ? scalar.get() : nullptr;
  const BIGNUM* for_peer = peer == nullptr ? nullptr : scalar.get();
  must(EC_POINT_mul(on, out.get(), for_generator, peer, for_peer, context.get()) == 1);
  return out;
}

// RFC 5903 section 7: "The Diffie-Hellman public value is obtained by concatenating the x and y
// values", each as long as the field.
KeyMaterial coordinates(DhGroup group, const EC_GROUP* on, const EC_POINT* point) {
  const openssl::NumberContext context{BN_CTX_secure_new()};
  const openssl::SecretNumber x{BN_secure_new()}, y{BN_secure_new()};
  must(context != nullptr && x != nullptr && y != nullptr);
  must(EC_POINT_get_affine_coordinates(on, point, x.get(), y.get(), context.get()) == 1);
  KeyMaterial out{public_size(group)};
  write_padded(x.get(), out.writable().first(out.size() / 2));
  write_padded(y.get(), out.writable().last(out.size() / 2));
  return out;
}

Result<KeyMaterial> ecp_shared(DhGroup group, View secret, View peer) {
  const openssl::Curve on = curve(group);
  const openssl::SecretPoint point{EC_POINT_new(on.get())};
  must(point != nullptr);
  const auto x = number(peer.first(peer.size() / 2)), y = number(peer.last(peer.size() / 2));
  // It checks that the point is on the curve. The point at infinity has no x and y at all, and
  // there are no points of small order, the cofactor being 1.
  if (EC_POINT_set_affine_coordinates(on.get(), point.get(), x.get(), y.get(), nullptr) != 1)
    return fail(Errc::malformed, "KE point is not on the curve");

  const auto product = multiply(on.get(), point.get(), secret);
  if (EC_POINT_is_at_infinity(on.get(), product.get()) == 1)
    return fail(Errc::malformed, "KE point of small order");
  // RFC 5903 section 7: "The Diffie-Hellman shared secret value consists of the x value of the
  // Diffie-Hellman common value."
  const KeyMaterial both = coordinates(group, on.get(), product.get());
  return KeyMaterial::copy_of(both.view().first(both.size() / 2));
}

Bytes ecp_public(DhGroup group, View secret) {
  const openssl::Curve on = curve(group);
  const auto both = coordinates(group, on.get(), multiply(on.get(), nullptr, secret).get());
  return {both.view().begin(), both.view().end()};
}

// draw_scalar draws octets until they are a number from 1 to the curve's order - 1 (uniform, unlike
// a reduction). For these curves the first draw nearly always is, so a source that fails many times
// is none.
Result<KeyMaterial> draw_scalar(DhGroup group, Random& random) {
  const openssl::Curve on = curve(group);
  const BIGNUM* order = EC_GROUP_get0_order(on.get());
  KeyMaterial out{public_size(group) / 2};
  for (int tries = 0; tries < 128; ++tries) {
    random.fill(out.writable());
    // 521 bits are 66 octets with seven bits to spare.
    if (group == DhGroup::ecp521) out.writable()[0] &= std::byte{0x01};
    const auto scalar = number(out.view());
    if (!BN_is_zero(scalar.get()) && BN_cmp(scalar.get(), order) < 0) return out;
  }
  return fail(Errc::crypto, "random source gives no private DH value");
}

Result<KeyMaterial> draw_exponent(Random& random) {
  KeyMaterial out{modp_private_size};
  random.fill(out.writable());
  if (BN_cmp(number(out.view()).get(), BN_value_one()) <= 0)
    return fail(Errc::crypto, "random source gives no private DH value");
  return out;
}

}  // namespace

std::size_t public_size(DhGroup group) noexcept {
  switch (group) {
    case DhGroup::modp1024:
      return 128;
    case DhGroup::modp1536:
      return 192;
    case DhGroup::modp2048:
      return 256;
    case DhGroup::modp3072:
      return 384;
    case DhGroup::modp4096:
      return 512;
    case DhGroup::ecp256:
      return 64;
    case DhGroup::ecp384:
      return 96;
    case DhGroup::ecp521:
      return 132;
  }
  std::abort();
}

Result<DiffieHellman> DiffieHellman::generate(DhGroup group, Random& random) {
  auto secret = is_ecp(group) ? draw_scalar(group, random) : draw_exponent(random);
  if (!secret) return tl::unexpected<Error>{secret.error()};
  Bytes open =
      is_ecp(group) ? ecp_public(group, secret->view()) : modp_public(group, secret->view());
  return DiffieHellman{group, std::move(*secret), std::move(open)};
}

Result<KeyMaterial> DiffieHellman::shared_secret(View peer_public) const {
  // RFC 2409 section 5: "The Diffie-Hellman public value passed in a KE payload, in either a phase
  // 1 or phase 2 exchange, MUST be the length of the negotiated Diffie-Hellman group enforced, if
  // necessary, by pre-pending the value with zeros."
  if (peer_public.size() != public_size(group_))
    return fail(Errc::malformed, "KE length is not the group's",
                static_cast<std::uint32_t>(peer_public.size()));
  return is_ecp(group_) ? ecp_shared(group_, private_.view(), peer_public)
                        : modp_shared(group_, private_.view(), peer_public);
}

}  // namespace gdoi
