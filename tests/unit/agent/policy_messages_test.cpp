// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/policy_messages.h"

#include "agent/base/names.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace policy_messages_test {

using namespace agent;
using namespace support;

TEST_CASE("transforms are named as Cisco names them") {
  struct Row {
    gdoi::EspTransformId transform;
    unsigned key_bits;
    gdoi::IntegrityId integrity;
    const char* name;
  };
  using Esp = gdoi::EspTransformId;
  using Mac = gdoi::IntegrityId;
  const std::initializer_list<Row> rows{
      {Esp::aes_cbc, 128, Mac::hmac_sha256_128, "esp-aes esp-sha256-hmac"},
      {Esp::aes_cbc, 192, Mac::hmac_sha1_96, "esp-192-aes esp-sha-hmac"},
      {Esp::aes_cbc, 256, Mac::hmac_sha512_256, "esp-256-aes esp-sha512-hmac"},
      {Esp::triple_des, 0, Mac::hmac_md5_96, "esp-3des esp-md5-hmac"},
      {Esp::null, 0, Mac::hmac_sha384_192, "esp-null esp-sha384-hmac"},
      {Esp::aes_gcm_16, 256, Mac::none, "esp-256-gcm"},
      {Esp::null_auth_aes_gmac, 128, Mac::none, "esp-gmac"},
      {Esp{200}, 0, Mac{77}, "esp-transform-200 esp-integrity-77"},
  };
  for (const auto& row : rows) {
    gdoi::TekPolicy policy;
    policy.transform = row.transform;
    policy.key_bits = static_cast<std::uint16_t>(row.key_bits);
    policy.integrity = row.integrity;
    CHECK(cisco_transform(policy) == row.name);
  }
}

TEST_CASE("errors of the protocol read as kind, place and number") {
  CHECK(error_text({gdoi::Errc::malformed, "SAT", 0}) == "malformed: SAT");
  CHECK(error_text({gdoi::Errc::unsupported, "KEK_ALGORITHM", 77}) ==
        "unsupported: KEK_ALGORITHM (77)");
}

TEST_CASE("SPIs are written as show and the kernel's tools can be compared") {
  CHECK(spi_text(gdoi::Spi{0xa3d6592e}) == "0xA3D6592E");
  CHECK(spi_text(gdoi::Spi{7}) == "0x00000007");
  CHECK(spi_text(kek(0x0a).policy.spi) == "0A0A0A0A0A0A0A0A0B0B0B0B0B0B0B0B");
}

TEST_CASE("only keys that were not held before are news") {
  RecordingPlane plane;
  SaTable sas;
  auto policy = lab_policy(7);
  policy.kek = kek(0x10);
  CHECK(change_messages(policy, sas, true).size() == 2);
  REQUIRE(sas.install(std::move(policy), key_server(), plane, Instant{}).has_value());

  auto same = lab_policy(7);
  same.kek = kek(0x10);
  CHECK(change_messages(same, sas, false).empty());
  auto other_kek = lab_policy(7);
  other_kek.kek = kek(0x20);
  CHECK(change_messages(other_kek, sas, true) ==
        std::vector<std::string>{
            "%GDOI-5-SA_KEK_UPDATED: SA KEK was updated 0x20202020202020202121212121212121"});
  CHECK(change_messages(lab_policy(8), sas, true) ==
        std::vector<std::string>{"%GDOI-5-SA_TEK_UPDATED: SA TEK was updated"});
}

TEST_CASE("an ordinary policy has no oddities") {
  CHECK(policy_warnings(lab_policy(7), false).empty());
}

TEST_CASE("what is left out is named, and what is not understood is counted") {
  auto policy = lab_policy(7);
  policy.skipped_entries = policy.skipped_protocols = 1;
  policy.skipped.push_back({3, {policy.entries[0].selector, policy.entries[1].selector}, {}});
  policy.skipped.push_back({4, {}, gdoi::Bytes{std::byte{200}, std::byte{0}}});
  policy.ignored_keys = 2;
  policy.kek = kek();
  policy.kek->policy.ignored_attributes = 1;
  const auto lines = policy_warnings(policy, false);
  REQUIRE(lines.size() == 6);
  CHECK_THAT(lines[2],
             Catch::StartsWith("left out is entry 3, '") && Catch::EndsWith("and 1 more'"));
  CHECK(lines[3] == "left out is entry 4, whose octets begin with c8 00");
  CHECK_THAT(lines[4], Catch::StartsWith("2 keys or key packets are not understood"));
  CHECK_THAT(lines[5], Catch::StartsWith("the KEK has 1 attributes that are not understood"));

  for (std::uint16_t number = 5; number < 60; ++number)
    policy.skipped.push_back({number, {policy.entries[0].selector}, {}});
  CHECK(policy_warnings(policy, false).size() == 24);  // twenty of them are named
}

TEST_CASE("how many entries deny is news when it changes") {
  RecordingPlane plane;
  SaTable sas;
  const auto with_denies = [](std::size_t count) {
    auto policy = lab_policy(7);
    for (std::size_t i = 0; i < count; ++i)
      policy.entries.insert(policy.entries.begin(),
                            {gdoi::AccessEntry::Action::deny, policy.entries[0].selector, {}});
    return policy;
  };
  CHECK(change_messages(with_denies(2), sas, false).back() ==
        "2 of 4 list entries deny: what they match stays in clear");
  REQUIRE(sas.install(with_denies(2), key_server(), plane, Instant{}).has_value());
  CHECK(change_messages(with_denies(2), sas, false).empty());
  CHECK(change_messages(with_denies(3), sas, false).size() == 1);
}

TEST_CASE("a counter mode is no oddity when sending is forced") {
  auto policy = lab_policy(7);
  policy.teks[0] = gcm_tek(7);
  CHECK(policy_warnings(policy, false).size() == 1);
  CHECK(policy_warnings(policy, true).empty());
}

TEST_CASE("a key server that manages keys by LKH, or lets us only receive, is told of") {
  auto policy = lab_policy(7);
  policy.kek = kek();
  policy.kek->policy.management = 1;
  policy.teks[0].policy.direction = gdoi::SaDirection::receiver_only;
  const auto lines = policy_warnings(policy, false);
  REQUIRE(lines.size() == 2);
  CHECK_THAT(lines[0], Catch::Contains("TEK 0x00000007 is for receiving only"));
  CHECK_THAT(lines[1], Catch::Contains("LKH"));
}

}  // namespace policy_messages_test
