// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/authenticator.h"

#include "gdoi/crypto/distinguished_name.h"

namespace gdoi {
namespace {

// RFC 2409 section 5.4, sixth message: HDR*, IDir, HASH_R
constexpr std::array hash_rules{
    PayloadRule{PayloadType::identification, 1, 1},
    PayloadRule{PayloadType::hash, 1, 1},
};

// Protocol and port of an identity say nothing about who it is.
bool same_identity(const Identification& a, const Identification& b) {
  if (a.type != b.type) return false;
  return a.type == IdType::der_asn1_dn ? same_name(a.data, b.data) : a.data == b.data;
}

}  // namespace

std::uint16_t PreSharedKey::method() const noexcept { return authentication_pre_shared_key; }

KeyMaterial PreSharedKey::skeyid(const KeyExchange& exchange) const {
  return skeyid_of_pre_shared_key(exchange.suite.hash, key_.view(), exchange.ni_b, exchange.nr_b);
}

void PreSharedKey::put_requests(Writer&) const {}

Result<void> PreSharedKey::put_proof(Writer& out, const KeyExchange&, View hash_i) const {
  out.payload(PayloadType::hash, hash_i);
  return {};
}

std::span<const PayloadRule> PreSharedKey::proof_shape() const noexcept { return hash_rules; }

Result<void> PreSharedKey::verify(const Chain& message, const KeyExchange&, View hash_r) const {
  const View received = message.find(PayloadType::hash)->body;
  if (received.size() != hash_r.size() ||
      CRYPTO_memcmp(received.data(), hash_r.data(), received.size()) != 0)
    return fail(Errc::not_authentic, "HASH_R");
  if (expected_.empty()) return {};

  const auto id = parse_identification(message.find(PayloadType::identification)->body);
  if (!id) return tl::unexpected<Error>{id.error()};
  if (std::none_of(expected_.begin(), expected_.end(),
                   [&](const Identification& one) { return same_identity(one, *id); }))
    return fail(Errc::untrusted,
                "the identity that the key server sends is not one that is expected (ks-identity)");
  return {};
}

std::string_view PreSharedKey::failure_hint() const noexcept {
  return "no valid answer to our authentication; check that both sides have the same pre-shared "
         "key";
}

}  // namespace gdoi
