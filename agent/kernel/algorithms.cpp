// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/algorithms.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace agent {
namespace {

using Esp = gdoi::EspTransformId;
using Integrity = gdoi::IntegrityId;

struct CipherRow {
  Esp transform;
  std::string_view kernel_name;
  std::uint32_t aead_icv_bits;  // 0: not an AEAD
};
constexpr std::array kernel_ciphers{
    CipherRow{Esp::triple_des, "cbc(des3_ede)", 0},
    CipherRow{Esp::null, "ecb(cipher_null)", 0},
    CipherRow{Esp::aes_cbc, "cbc(aes)", 0},
    CipherRow{Esp::camellia, "cbc(camellia)", 0},
    CipherRow{Esp::aes_ctr, "rfc3686(ctr(aes))", 0},
    CipherRow{Esp::aes_ccm_8, "rfc4309(ccm(aes))", 64},
    CipherRow{Esp::aes_ccm_12, "rfc4309(ccm(aes))", 96},
    CipherRow{Esp::aes_ccm_16, "rfc4309(ccm(aes))", 128},
    CipherRow{Esp::aes_gcm_8, "rfc4106(gcm(aes))", 64},
    CipherRow{Esp::aes_gcm_12, "rfc4106(gcm(aes))", 96},
    CipherRow{Esp::aes_gcm_16, "rfc4106(gcm(aes))", 128},
    CipherRow{Esp::null_auth_aes_gmac, "rfc4543(gcm(aes))", 128},
};

// The truncation is always said: by name alone the kernel would cut SHA-256 to 96 bits.
struct IntegrityRow {
  Integrity id;
  std::string_view kernel_name;
  std::uint32_t icv_bits;
};
constexpr std::array integrities{
    IntegrityRow{Integrity::hmac_md5_96, "hmac(md5)", 96},
    IntegrityRow{Integrity::hmac_sha1_96, "hmac(sha1)", 96},
    IntegrityRow{Integrity::hmac_sha256_128, "hmac(sha256)", 128},
    IntegrityRow{Integrity::hmac_sha384_192, "hmac(sha384)", 192},
    IntegrityRow{Integrity::hmac_sha512_256, "hmac(sha512)", 256},
};

Result<void> set_integrity(const gdoi::Tek& tek, xfrm::SaSpec& sa) {
  const auto id = tek.policy.integrity;
  if (id == Integrity::none && tek.policy.transform == Esp::null)
    return fail("ESP-NULL without integrity protects nothing");
  if (id == Integrity::none) return {};
  const auto row = std::find_if(integrities.begin(), integrities.end(),
                                [id](const IntegrityRow& r) { return r.id == id; });
  if (row == integrities.end())
    return fail(fmt::format("integrity algorithm {} is not supported", static_cast<unsigned>(id)));
  sa.integrity = row->kernel_name;
  sa.integrity_key = tek.integrity_key.view();
  sa.icv_bits = row->icv_bits;
  return {};
}

}  // namespace

Result<void> set_algorithms(const gdoi::Tek& tek, xfrm::SaSpec& sa) {
  const auto transform = tek.policy.transform;
  const auto row =
      std::find_if(kernel_ciphers.begin(), kernel_ciphers.end(),
                   [transform](const CipherRow& r) { return r.transform == transform; });
  if (row == kernel_ciphers.end())
    return fail(fmt::format("ESP transform {} is not supported", static_cast<unsigned>(transform)));
  sa.cipher = row->kernel_name;
  sa.cipher_key = tek.cipher_key.view();
  sa.aead = row->aead_icv_bits != 0;
  sa.icv_bits = row->aead_icv_bits;
  return sa.aead ? Result<void>{} : set_integrity(tek, sa);
}

}  // namespace agent
