// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/policy.h"

#include <algorithm>

#include "gdoi/crypto/des_key.h"

namespace gdoi {

bool same_keys(const Tek& a, const Tek& b) noexcept {
  const bool des = a.policy.transform == EspTransformId::triple_des;
  const View one = a.cipher_key.view(), other = b.cipher_key.view();
  return a.policy.transform == b.policy.transform &&
         (des ? equal_des_keys(one, other) : a.cipher_key.equals(other)) &&
         a.integrity_key.equals(b.integrity_key.view());
}

bool is_counter_mode(EspTransformId transform) noexcept {
  switch (transform) {
    case EspTransformId::aes_ctr:
    case EspTransformId::aes_ccm_8:
    case EspTransformId::aes_ccm_12:
    case EspTransformId::aes_ccm_16:
    case EspTransformId::aes_gcm_8:
    case EspTransformId::aes_gcm_12:
    case EspTransformId::aes_gcm_16:
    case EspTransformId::null_auth_aes_gmac:
      return true;
    case EspTransformId::des:
    case EspTransformId::triple_des:
    case EspTransformId::null:
    case EspTransformId::aes_cbc:
    case EspTransformId::camellia:
      return false;
  }
  // An unknown transform: never made into a TEK; the answer that lets nobody send with it.
  return true;
}

Kek copy_of(const Kek& kek) {
  return Kek{kek.policy, KeyMaterial::copy_of(kek.key.view()), KeyMaterial::copy_of(kek.iv.view()),
             kek.signature_key, kek.last_sequence};
}

const Tek* GroupPolicy::find(Spi spi) const noexcept {
  const auto found =
      std::find_if(teks.begin(), teks.end(), [&](const Tek& tek) { return tek.spi == spi; });
  return found == teks.end() ? nullptr : &*found;
}

}  // namespace gdoi
