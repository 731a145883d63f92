// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/authenticator.h"

namespace gdoi {
namespace {

// RFC 2409 section 5.4, sixth message: HDR*, IDir, HASH_R
constexpr std::array message_6_rules{
    PayloadRule{PayloadType::identification, 1, 1},
    PayloadRule{PayloadType::hash, 1, 1},
};

}  // namespace

std::uint16_t PreSharedKey::method() const noexcept { return authentication_pre_shared_key; }

KeyMaterial PreSharedKey::skeyid(const KeyExchange& exchange) const {
  return skeyid_of_pre_shared_key(exchange.suite.hash, key_.view(), exchange.ni_b, exchange.nr_b);
}

void PreSharedKey::put_proof(Writer& out, View hash_i) const {
  out.payload(PayloadType::hash, hash_i);
}

std::span<const PayloadRule> PreSharedKey::proof_shape() const noexcept { return message_6_rules; }

Result<void> PreSharedKey::verify(const Chain& message, View hash_r) const {
  const View told = message.find(PayloadType::hash)->body;
  if (told.size() != hash_r.size() || CRYPTO_memcmp(told.data(), hash_r.data(), told.size()) != 0)
    return fail(Errc::not_authentic, "HASH_R");
  return {};
}

}  // namespace gdoi
