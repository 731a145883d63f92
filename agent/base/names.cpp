// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace agent {
namespace {

struct Numbered {
  std::uint16_t number;
  std::string_view name;
};

// RFC 2409 appendix A.
constexpr std::array phase1_ciphers{Numbered{1, "DES"}, Numbered{5, "3DES"}, Numbered{7, "AES"}};
constexpr std::array phase1_hashes{Numbered{1, "MD5"}, Numbered{2, "SHA-1"}, Numbered{4, "SHA-256"},
                                   Numbered{5, "SHA-384"}, Numbered{6, "SHA-512"}};
constexpr std::array phase1_groups{
    Numbered{2, "MODP1024"},  Numbered{5, "MODP1536"},  Numbered{14, "MODP2048"},
    Numbered{15, "MODP3072"}, Numbered{16, "MODP4096"}, Numbered{19, "ECP256"},
    Numbered{20, "ECP384"},   Numbered{21, "ECP521"},
};

template <class Rows>
std::string name_in(const Rows& rows, std::uint16_t number) {
  const auto row = std::find_if(rows.begin(), rows.end(),
                                [number](const Numbered& r) { return r.number == number; });
  return row == rows.end() ? fmt::to_string(number) : std::string{row->name};
}

// "esp-aes" with 128 bits, else "esp-256-aes"; the others likewise.
std::string with_bits(std::string_view algorithm, std::uint16_t bits) {
  if (bits == 0 || bits == 128) return fmt::format("esp-{}", algorithm);
  return fmt::format("esp-{}-{}", bits, algorithm);
}

}  // namespace

std::string cipher_word(const gdoi::TekPolicy& policy) {
  using Id = gdoi::EspTransformId;
  switch (policy.transform) {
    case Id::des:
      return "esp-des";
    case Id::triple_des:
      return "esp-3des";
    case Id::null:
      return "esp-null";
    case Id::aes_cbc:
      return with_bits("aes", policy.key_bits);
    case Id::aes_ctr:
      return with_bits("ctr", policy.key_bits);
    case Id::aes_ccm_8:
      return with_bits("ccm-8", policy.key_bits);
    case Id::aes_ccm_12:
      return with_bits("ccm-12", policy.key_bits);
    case Id::aes_ccm_16:
      return with_bits("ccm", policy.key_bits);
    case Id::aes_gcm_8:
      return with_bits("gcm-8", policy.key_bits);
    case Id::aes_gcm_12:
      return with_bits("gcm-12", policy.key_bits);
    case Id::aes_gcm_16:
      return with_bits("gcm", policy.key_bits);
    case Id::camellia:
      return with_bits("camellia", policy.key_bits);
    case Id::null_auth_aes_gmac:
      return with_bits("gmac", policy.key_bits);
  }
  return fmt::format("esp-transform-{}", static_cast<unsigned>(policy.transform));
}

std::string integrity_word(gdoi::IntegrityId id) {
  using Id = gdoi::IntegrityId;
  switch (id) {
    case Id::none:
      return {};
    case Id::hmac_md5_96:
      return "esp-md5-hmac";
    case Id::hmac_sha1_96:
      return "esp-sha-hmac";
    case Id::hmac_sha256_128:
      return "esp-sha256-hmac";
    case Id::hmac_sha384_192:
      return "esp-sha384-hmac";
    case Id::hmac_sha512_256:
      return "esp-sha512-hmac";
  }
  return fmt::format("esp-integrity-{}", static_cast<unsigned>(id));
}

std::string error_text(const gdoi::Error& error) {
  auto out = fmt::format("{}: {}", gdoi::name_of(error.code), error.where);
  constexpr std::uint32_t most = 0xffff;  // of types, values and lengths; more has an SPI only
  if (error.detail > most)
    out += fmt::format(" ({})", spi_text(gdoi::Spi{error.detail}));
  else if (error.detail != 0)
    out += fmt::format(" ({})", error.detail);
  if (error.entry != 0) out += fmt::format(", entry {} of the list", error.entry);
  if (!error.about.empty()) out += ": " + error.about;
  return out;
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string phase1_text(const gdoi::Phase1Established& phase1) {
  const auto cipher = name_in(phase1_ciphers, phase1.encryption);
  const auto bits = phase1.key_bits == 0 ? "" : fmt::format("-{}", phase1.key_bits);
  return fmt::format("{}{}, {}, {}", cipher, bits, name_in(phase1_hashes, phase1.hash),
                     name_in(phase1_groups, phase1.group));
}

std::string cisco_transform(const gdoi::TekPolicy& policy) {
  const auto integrity = integrity_word(policy.integrity);
  return integrity.empty() ? cipher_word(policy) : cipher_word(policy) + ' ' + integrity;
}

std::string_view cisco_cipher(gdoi::CipherAlgorithm cipher) noexcept {
  switch (cipher) {
    case gdoi::CipherAlgorithm::des_cbc:
      return "DES";
    case gdoi::CipherAlgorithm::triple_des_cbc:
      return "3DES";
    case gdoi::CipherAlgorithm::aes_cbc:
      return "AES";
  }
  return "unknown";
}

std::string_view cisco_hash(gdoi::HashAlgorithm hash) noexcept {
  switch (hash) {
    case gdoi::HashAlgorithm::md5:
      return "HMAC_AUTH_MD5";
    case gdoi::HashAlgorithm::sha1:
      return "HMAC_AUTH_SHA";
    case gdoi::HashAlgorithm::sha256:
      return "HMAC_AUTH_SHA256";
    case gdoi::HashAlgorithm::sha384:
      return "HMAC_AUTH_SHA384";
    case gdoi::HashAlgorithm::sha512:
      return "HMAC_AUTH_SHA512";
  }
  return "unknown";
}

std::string_view signature_name(gdoi::SignatureAlgorithm algorithm) noexcept {
  switch (algorithm) {
    case gdoi::SignatureAlgorithm::rsa:
      return "RSA";
    case gdoi::SignatureAlgorithm::dss:
      return "DSS";
    case gdoi::SignatureAlgorithm::ecdss:
      return "ECDSS";
    case gdoi::SignatureAlgorithm::ecdsa256:
      return "ECDSA-256";
    case gdoi::SignatureAlgorithm::ecdsa384:
      return "ECDSA-384";
    case gdoi::SignatureAlgorithm::ecdsa521:
      return "ECDSA-521";
  }
  return "unknown";
}

std::string spi_text(const gdoi::RekeySpi& spi) {
  std::string out;
  for (const auto* cookie : {&spi.initiator, &spi.responder})
    for (const auto octet : cookie->bytes)
      out += fmt::format("{:02X}", std::to_integer<unsigned>(octet));
  return out;
}

std::string spi_text(gdoi::Spi spi) { return fmt::format("0x{:08X}", spi.value); }

}  // namespace agent
