// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/key_export.h"

#include <fmt/format.h>

#include <cassert>
#include <nlohmann/json.hpp>
#include <string_view>

#include "agent/base/names.h"
#include "agent/control/requests.h"
#include "agent/control/status.h"

namespace agent {
namespace {

// What two lines of one TEK take at most: keys of 36 and 64 octets, the longest names.
constexpr std::size_t room_for_tek = 1024;

// Wireshark's words; empty: it has none.
std::string_view encryption_name(gdoi::EspTransformId transform) {
  using Id = gdoi::EspTransformId;
  switch (transform) {
    case Id::des:
      return "DES-CBC [RFC2405]";
    case Id::triple_des:
      return "TripleDES-CBC [RFC2451]";
    case Id::null:
      return "NULL";
    case Id::aes_cbc:
      return "AES-CBC [RFC3602]";
    case Id::aes_ctr:
      return "AES-CTR [RFC3686]";
    case Id::aes_gcm_8:
      return "AES-GCM with 8 octet ICV [RFC4106]";
    case Id::aes_gcm_12:
      return "AES-GCM with 12 octet ICV [RFC4106]";
    case Id::aes_gcm_16:
      return "AES-GCM with 16 octet ICV [RFC4106]";
    case Id::aes_ccm_8:
    case Id::aes_ccm_12:
    case Id::aes_ccm_16:
    case Id::camellia:
    case Id::null_auth_aes_gmac:
      break;
  }
  return {};
}

std::string_view authentication_name(gdoi::IntegrityId integrity) {
  using Id = gdoi::IntegrityId;
  switch (integrity) {
    case Id::none:
      return "NULL";
    case Id::hmac_md5_96:
      return "HMAC-MD5-96 [RFC2403]";
    case Id::hmac_sha1_96:
      return "HMAC-SHA-1-96 [RFC2404]";
    case Id::hmac_sha256_128:
      return "HMAC-SHA-256-128 [RFC4868]";
    case Id::hmac_sha384_192:
      return "HMAC-SHA-384-192 [RFC4868]";
    case Id::hmac_sha512_256:
      return "HMAC-SHA-512-256 [RFC4868]";
  }
  return {};
}

// The text is the value of a string in JSON, into which its own quotation marks go escaped. Octet
// by octet: no copy of a key comes to be elsewhere.
void add_quoted(std::string& out, std::string_view word) {
  out.append(R"(\")").append(word).append(R"(\")");
}

void add_key(std::string& out, const gdoi::KeyMaterial& key) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out.append(R"(\")");
  if (!key.empty()) out.append("0x");
  for (const std::byte octet : key.view()) {
    out.push_back(digits[std::to_integer<std::size_t>(octet >> 4)]);
    out.push_back(digits[std::to_integer<std::size_t>(octet & std::byte{0xf})]);
  }
  out.append(R"(\")");
}

void add_tek(std::string& out, const gdoi::Tek& tek) {
  const auto encryption = encryption_name(tek.policy.transform);
  const auto authentication = authentication_name(tek.policy.integrity);
  if (encryption.empty() || authentication.empty()) {
    out.append("# ").append(spi_text(tek.spi)).append(": Wireshark cannot decrypt ");
    out.append(gdoi::name_of(tek.policy.transform)).append(R"(\n)");
    return;
  }
  for (const std::string_view family : {"IPv4", "IPv6"}) {
    add_quoted(out, family);
    for (const std::string_view any : {"*", "*"}) add_quoted(out.append(","), any);
    add_quoted(out.append(","), spi_text(tek.spi));
    add_quoted(out.append(","), encryption);
    add_key(out.append(","), tek.cipher_key);
    add_quoted(out.append(","), authentication);
    add_key(out.append(","), tek.integrity_key);
    out.append(R"(\n)");
  }
}

}  // namespace

std::string key_export_answer(const std::vector<std::string>& groups,
                              std::span<const std::shared_ptr<const gdoi::Tek>> teks) {
  const auto head = fmt::format(R"({{"schema":1,"done":"{}","groups":{},"keys":")",
                                name_of(ControlRequest::Command::export_keys), to_text(groups));
  std::string out;
  const auto room = head.size() + room_for_tek * (teks.size() + 1);
  out.reserve(room);
  out.append(head);
  for (const auto& tek : teks) add_tek(out, *tek);
  out.append(R"("})");
  assert(out.size() < room);
  return out;
}

}  // namespace agent
