// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/key_export.h"

#include <array>
#include <nlohmann/json.hpp>

#include "agent/control/show.h"
#include "tests/support/catch.h"

namespace agent::key_export_test {
namespace {

gdoi::KeyMaterial counted(std::size_t octets) {
  gdoi::KeyMaterial out{octets};
  for (std::size_t i = 0; i < octets; ++i) out.writable()[i] = static_cast<std::byte>(i);
  return out;
}

std::shared_ptr<const gdoi::Tek> tek(std::uint32_t spi, gdoi::EspTransformId transform,
                                     std::size_t cipher_octets, gdoi::IntegrityId integrity,
                                     std::size_t integrity_octets) {
  gdoi::Tek out;
  out.spi = gdoi::Spi{spi};
  out.policy.transform = transform;
  out.policy.integrity = integrity;
  out.cipher_key = counted(cipher_octets);
  out.integrity_key = counted(integrity_octets);
  return std::make_shared<const gdoi::Tek>(std::move(out));
}

}  // namespace

TEST_CASE("keys are lines of Wireshark's esp_sa, one for each family") {
  using Esp = gdoi::EspTransformId;
  using Mac = gdoi::IntegrityId;
  const std::array teks{tek(0xa3d6592e, Esp::aes_cbc, 16, Mac::hmac_sha1_96, 20),
                        tek(0x1, Esp::aes_gcm_16, 20, Mac::none, 0),
                        tek(0x2, Esp::null_auth_aes_gmac, 20, Mac::none, 0)};
  const auto answer = key_export_answer({"a \"b\"", "100"}, teks);
  CHECK(answer.capacity() > answer.size());
  const auto document = nlohmann::json::parse(answer);
  CHECK(document.at("schema") == 1);
  CHECK(document.at("done") == "export-keys");
  CHECK(document.at("groups") == nlohmann::json{"a \"b\"", "100"});
  CHECK(keys_text(answer).value() ==
        R"("IPv4","*","*","0xA3D6592E","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f",)"
        R"("HMAC-SHA-1-96 [RFC2404]","0x000102030405060708090a0b0c0d0e0f10111213")"
        "\n"
        R"("IPv6","*","*","0xA3D6592E","AES-CBC [RFC3602]","0x000102030405060708090a0b0c0d0e0f",)"
        R"("HMAC-SHA-1-96 [RFC2404]","0x000102030405060708090a0b0c0d0e0f10111213")"
        "\n"
        R"("IPv4","*","*","0x00000001","AES-GCM with 16 octet ICV [RFC4106]",)"
        R"("0x000102030405060708090a0b0c0d0e0f10111213","NULL","")"
        "\n"
        R"("IPv6","*","*","0x00000001","AES-GCM with 16 octet ICV [RFC4106]",)"
        R"("0x000102030405060708090a0b0c0d0e0f10111213","NULL","")"
        "\n"
        "# 0x00000002: Wireshark cannot decrypt esp-gmac\n");
}

TEST_CASE("the longest keys fit where there was room for them") {
  using Esp = gdoi::EspTransformId;
  std::vector<std::shared_ptr<const gdoi::Tek>> teks;
  for (std::uint32_t spi = 1; spi <= 100; ++spi)
    teks.push_back(tek(spi, Esp::aes_gcm_12, 36, gdoi::IntegrityId::hmac_sha512_256, 64));
  const auto answer = key_export_answer({"100"}, teks);
  CHECK(nlohmann::json::parse(answer).at("keys").get<std::string>().find("0x00000064") !=
        std::string::npos);
}

TEST_CASE("without a TEK there is nothing to hand over") {
  CHECK(keys_text(key_export_answer({"100"}, {})).value().empty());
}

}  // namespace agent::key_export_test
