// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/acceptance.h"

#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace acceptance_test {

using namespace agent;
using namespace support;
using Esp = gdoi::EspTransformId;
using Mac = gdoi::IntegrityId;

namespace {

std::string refusal(const gdoi::GroupPolicy& policy, const Acceptance& acceptance = {}) {
  const auto fine = check_algorithms(policy, acceptance);
  return fine ? "" : fine.error().what;
}

gdoi::GroupPolicy with_tek(Esp transform, std::uint16_t bits, Mac integrity) {
  auto out = lab_policy(7);
  auto& policy = out.teks[0].policy;
  policy.transform = transform;
  policy.key_bits = bits;
  policy.integrity = integrity;
  return out;
}

gdoi::GroupPolicy with_kek(gdoi::CipherAlgorithm cipher, std::uint16_t bits,
                           std::optional<gdoi::HashAlgorithm> hash) {
  auto out = lab_policy(7);
  out.kek = kek();
  out.kek->policy.cipher = cipher;
  out.kek->policy.key_bits = bits;
  out.kek->policy.signature_hash = hash;
  return out;
}

Accepted list(Accepted::Filter filter, std::initializer_list<const char*> words) {
  Accepted out{filter};
  for (const auto* word : words) REQUIRE(out.add(word).has_value());
  return out;
}

const std::string kek_name = "KEK 0x5D5D5D5D5D5D5D5D5E5E5E5E5E5E5E5E: ";

}  // namespace

TEST_CASE("what key servers use unless told otherwise is accepted") {
  CHECK(refusal(lab_policy(7)).empty());  // esp-aes esp-sha256-hmac
  CHECK(refusal(with_tek(Esp::aes_cbc, 256, Mac::hmac_sha1_96)).empty());
  CHECK(refusal(with_kek(gdoi::CipherAlgorithm::triple_des_cbc, 192, gdoi::HashAlgorithm::sha1))
            .empty());
  CHECK(refusal(with_kek(gdoi::CipherAlgorithm::aes_cbc, 128, std::nullopt)).empty());
}

TEST_CASE("every cipher and integrity algorithm but the weak ones is accepted by default") {
  for (const auto bits : std::array<std::uint16_t, 3>{128, 192, 256}) {
    for (const auto cipher : {Esp::aes_cbc, Esp::aes_ctr})
      for (const auto mac :
           {Mac::hmac_sha1_96, Mac::hmac_sha256_128, Mac::hmac_sha384_192, Mac::hmac_sha512_256})
        CHECK(refusal(with_tek(cipher, bits, mac)).empty());
    for (const auto cipher : {Esp::aes_ccm_8, Esp::aes_ccm_12, Esp::aes_ccm_16, Esp::aes_gcm_8,
                              Esp::aes_gcm_12, Esp::aes_gcm_16, Esp::null_auth_aes_gmac})
      CHECK(refusal(with_tek(cipher, bits, Mac::none)).empty());
  }
}

TEST_CASE("each weak algorithm is refused with the setting that accepts it") {
  struct Row {
    gdoi::GroupPolicy policy;
    std::string refusal;
    Acceptance accepting;
  };
  std::vector<Row> rows;
  const auto tek_row = [&](gdoi::GroupPolicy policy, const char* word) {
    Row row{std::move(policy), std::string{"TEK 0x00000007: "} + word, {}};
    row.refusal +=
        std::string{" is not accepted; 'transform = default, "} + word + "' would accept it";
    row.accepting.transforms = list(Accepted::Filter::transform, {"default", word});
    rows.push_back(std::move(row));
  };
  tek_row(with_tek(Esp::triple_des, 192, Mac::hmac_sha1_96), "esp-3des");
  tek_row(with_tek(Esp::null, 0, Mac::hmac_sha1_96), "esp-null");
  tek_row(with_tek(Esp::aes_cbc, 128, Mac::hmac_md5_96), "esp-md5-hmac");
  rows.push_back(
      {with_kek(gdoi::CipherAlgorithm::des_cbc, 64, gdoi::HashAlgorithm::sha1),
       kek_name + "des is not accepted; 'rekey-encryption = default, des' would accept it",
       {}});
  rows.back().accepting.rekey_encryption = list(Accepted::Filter::rekey_encryption, {"any"});
  rows.push_back({with_kek(gdoi::CipherAlgorithm::aes_cbc, 128, gdoi::HashAlgorithm::md5),
                  kek_name + "md5 is not accepted; 'rekey-hash = default, md5' would accept it",
                  {}});
  rows.back().accepting.rekey_hash = list(Accepted::Filter::rekey_hash, {"sha1", "md5"});
  for (const auto& row : rows) {
    CHECK(refusal(row.policy) == row.refusal);
    CHECK(refusal(row.policy, row.accepting).empty());
  }
}

TEST_CASE("a list accepts what it names and nothing else") {
  Acceptance strict;
  strict.transforms = list(Accepted::Filter::transform, {"esp-256-aes", "esp-sha256-hmac"});
  strict.rekey_encryption = list(Accepted::Filter::rekey_encryption, {"aes256"});
  strict.rekey_hash = list(Accepted::Filter::rekey_hash, {"sha256"});
  CHECK(refusal(with_tek(Esp::aes_cbc, 256, Mac::hmac_sha256_128), strict).empty());
  CHECK(refusal(with_tek(Esp::aes_cbc, 128, Mac::hmac_sha256_128), strict) ==
        "TEK 0x00000007: esp-aes is not accepted; 'transform = default, esp-aes' would accept it");
  CHECK_THAT(refusal(with_tek(Esp::aes_cbc, 256, Mac::hmac_sha1_96), strict),
             Catch::Contains("esp-sha-hmac is not accepted"));
  CHECK_THAT(refusal(with_tek(Esp::aes_gcm_8, 192, Mac::none), strict),
             Catch::Contains("esp-192-gcm-8 is not accepted"));
  CHECK_THAT(
      refusal(with_kek(gdoi::CipherAlgorithm::aes_cbc, 192, gdoi::HashAlgorithm::sha256), strict),
      Catch::Contains("aes192 is not accepted"));
  // For RSA an absent hash is SHA-1.
  CHECK_THAT(refusal(with_kek(gdoi::CipherAlgorithm::aes_cbc, 256, std::nullopt), strict),
             Catch::Contains("sha1 is not accepted"));
}

TEST_CASE("the first word of a setting replaces the default") {
  CHECK(list(Accepted::Filter::rekey_hash, {"sha256"}).words() ==
        std::vector<std::string_view>{"sha256"});
  CHECK(list(Accepted::Filter::rekey_hash, {"md5", "default"}).text() == "any");
  CHECK(list(Accepted::Filter::rekey_hash, {"default", "sha1"}) ==
        list(Accepted::Filter::rekey_hash, {"default"}));
}

TEST_CASE("what is accepted is told in the fewest words") {
  const Acceptance usual;
  CHECK(usual.rekey_encryption.text() == "any but des");
  CHECK(usual.rekey_hash.text() == "any but md5");
  CHECK(usual.transforms.text() == "any but esp-3des esp-null esp-md5-hmac");
  CHECK(list(Accepted::Filter::transform, {"any"}).text() == "any");
  CHECK(list(Accepted::Filter::transform, {"esp-aes", "esp-sha-hmac"}).text() ==
        "esp-aes esp-sha-hmac");
}

TEST_CASE("an unknown word is refused with those there are") {
  Accepted hashes{Accepted::Filter::rekey_hash};
  const auto refused = hashes.add("sha");
  REQUIRE_FALSE(refused.has_value());
  CHECK(refused.error().what ==
        "invalid value 'sha' (expected default, any, md5, sha1, sha256, sha384, sha512)");
  CHECK(hashes.text() == "any but md5");
}

}  // namespace acceptance_test
