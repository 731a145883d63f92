// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/key_sizes.h"

namespace gdoi {
namespace {

std::size_t salt_octets(EspTransformId transform) noexcept {
  switch (transform) {
    case EspTransformId::des:
    case EspTransformId::triple_des:
    case EspTransformId::null:
    case EspTransformId::aes_cbc:
    case EspTransformId::camellia:
      return 0;
    case EspTransformId::aes_ctr:             // RFC 3686 section 5.1
    case EspTransformId::aes_gcm_8:           // RFC 4106 section 8.1
    case EspTransformId::aes_gcm_12:          //
    case EspTransformId::aes_gcm_16:          //
    case EspTransformId::null_auth_aes_gmac:  // RFC 4543 section 5.3
      return 4;
    case EspTransformId::aes_ccm_8:  // RFC 4309 section 7.1
    case EspTransformId::aes_ccm_12:
    case EspTransformId::aes_ccm_16:
      return 3;
  }
  return 0;
}

}  // namespace

std::size_t cipher_key_octets(EspTransformId transform, std::uint16_t key_bits) noexcept {
  return key_bits / 8u + salt_octets(transform);
}

std::size_t integrity_key_octets(IntegrityId integrity) noexcept {
  switch (integrity) {
    case IntegrityId::none:
      return 0;
    case IntegrityId::hmac_md5_96:
      return 16;
    case IntegrityId::hmac_sha1_96:
      return 20;
    case IntegrityId::hmac_sha256_128:
      return 32;
    case IntegrityId::hmac_sha384_192:
      return 48;
    case IntegrityId::hmac_sha512_256:
      return 64;
  }
  return 0;
}

}  // namespace gdoi
