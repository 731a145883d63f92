// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/esp_policy.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace esp_policy_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::octets;

namespace {

Result<TekPolicy> policy(unsigned transform, const std::string& attributes) {
  const Bytes bytes = octets(attributes);
  const auto parsed = parse_attributes(bytes);
  REQUIRE(parsed);
  return esp_policy(static_cast<std::uint8_t>(transform), *parsed);
}
std::string refusal(unsigned transform, const std::string& attributes) {
  return failure(policy(transform, attributes));
}

const std::string sha256 = "80050005", bits128 = "80060080";

}  // namespace

TEST_CASE("AES-CBC 128 with HMAC-SHA-256 in tunnel mode for an hour") {
  const auto aes = policy(12, "80010001 80020e10 80040001" + sha256 + bits128);
  REQUIRE(failure(aes).empty());
  TekPolicy expected;
  expected.transform = EspTransformId::aes_cbc;
  expected.key_bits = 128;
  expected.integrity = IntegrityId::hmac_sha256_128;
  expected.lifetime = seconds{3600};
  CHECK(*aes == expected);
}

TEST_CASE("absent attributes have the defaults of their RFCs") {
  const auto plain = policy(12, sha256 + bits128);
  REQUIRE(plain);
  CHECK(plain->lifetime == seconds{28800});
  CHECK_FALSE(plain->lifetime_kilobytes);
  CHECK(plain->encapsulation == Encapsulation::tunnel);
  CHECK(plain->preservation == AddressPreservation::both);
  CHECK(plain->direction == SaDirection::symmetric);
  CHECK_FALSE(plain->extended_sequence);
}

TEST_CASE("each transform we know is read with the key lengths it has") {
  for (const unsigned id : {12u, 13u})
    for (const char* bits : {"80060080", "800600c0", "80060100"})
      CHECK(refusal(id, sha256 + bits).empty());
  for (const unsigned id : {14u, 15u, 16u, 18u, 19u, 20u, 23u})
    for (const char* bits : {"80060080", "800600c0", "80060100"}) CHECK(refusal(id, bits).empty());
  CHECK(policy(3, sha256)->key_bits == 192);
  CHECK(policy(11, sha256)->key_bits == 0);
}

TEST_CASE("transforms we do not know or do not want are refused with their number") {
  for (const unsigned id : {0u, 17u, 24u, 128u, 255u}) {
    CHECK(refusal(id, sha256 + bits128) == "unsupported: SAT transform");
    CHECK(detail(policy(id, sha256 + bits128)) == id);
  }
}

TEST_CASE("transforms of the registry that we do not do are refused by name") {
  const std::initializer_list<std::pair<unsigned, const char*>> rows{
      {1, "ESP_DES_IV64"}, {2, "ESP_DES"},       {4, "ESP_RC5"},      {5, "ESP_IDEA"},
      {6, "ESP_CAST"},     {7, "ESP_BLOWFISH"},  {8, "ESP_3IDEA"},    {9, "ESP_DES_IV32"},
      {10, "ESP_RC4"},     {21, "ESP_SEED_CBC"}, {22, "ESP_CAMELLIA"}};
  for (const auto& [id, name] : rows) {
    CHECK(refusal(id, sha256 + bits128) == std::string{"unsupported: SAT transform "} + name);
    CHECK(detail(policy(id, sha256 + bits128)) == id);
  }
}

TEST_CASE("AES without a key length is refused, whatever its mode") {
  for (const unsigned id : {12u, 13u})
    CHECK(refusal(id, sha256) == "malformed: SAT with AES but no key length");
  for (const unsigned id : {14u, 18u, 20u, 23u})
    CHECK(refusal(id, "") == "malformed: SAT with AES but no key length");
}

TEST_CASE("key lengths a transform does not have are refused") {
  for (const char* bits : {"80060000", "80060010", "8006007f", "80060081", "80060200"}) {
    CHECK(refusal(12, sha256 + bits) == "unsupported: SAT key length");
    CHECK(refusal(20, bits) == "unsupported: SAT key length");
  }
  CHECK(refusal(3, sha256 + bits128) == "unsupported: SAT key length");
  CHECK(refusal(3, sha256 + "80060000") == "unsupported: SAT key length");
  CHECK(refusal(11, sha256 + bits128) == "unsupported: SAT key length");
}

TEST_CASE("a key length where the cipher has but one does no harm when right") {
  CHECK(policy(3, sha256 + "800600c0")->key_bits == 192);
  CHECK(policy(3, sha256 + "800600a8")->key_bits == 192);
  CHECK(policy(11, sha256 + "80060000")->key_bits == 0);
}

TEST_CASE("ciphers without integrity are refused") {
  CHECK(refusal(12, bits128) == "unsupported: SAT without integrity");
  CHECK(refusal(13, bits128) == "unsupported: SAT without integrity");
  CHECK(refusal(3, "") == "unsupported: SAT without integrity");
  CHECK(refusal(11, "") == "unsupported: SAT without integrity");
  CHECK(refusal(12, bits128 + "80050000") == "unsupported: SAT without integrity");
}

TEST_CASE("combined modes bring their own integrity and take no other") {
  for (const unsigned id : {14u, 15u, 16u, 18u, 19u, 20u, 23u}) {
    CHECK(refusal(id, bits128).empty());
    CHECK(refusal(id, bits128 + "80050000").empty());
    CHECK(refusal(id, bits128 + sha256) ==
          "malformed: SAT with a combined mode and an authentication algorithm");
  }
}

TEST_CASE("integrity algorithms are those we know") {
  for (const char* known : {"80050001", "80050002", "80050005", "80050006", "80050007"})
    CHECK(refusal(12, bits128 + known).empty());
  CHECK(refusal(12, bits128 + "8005000e") == "unsupported: SAT authentication algorithm");
  CHECK(refusal(12, bits128 + "8005f000") == "unsupported: SAT authentication algorithm");
}

TEST_CASE("integrity algorithms of the registry that we do not do are refused by name") {
  const std::initializer_list<std::pair<const char*, const char*>> rows{
      {"80050003", "DES-MAC"},      {"80050004", "KPDK"},        {"80050008", "HMAC-RIPEMD"},
      {"80050009", "AES-XCBC-MAC"}, {"8005000a", "SIG-RSA"},     {"8005000b", "AES-128-GMAC"},
      {"8005000c", "AES-192-GMAC"}, {"8005000d", "AES-256-GMAC"}};
  for (const auto& [attribute, name] : rows)
    CHECK(refusal(12, bits128 + attribute) ==
          std::string{"unsupported: SAT authentication algorithm "} + name);
}

TEST_CASE("a lifetime may be in seconds, in kilobytes or in both") {
  const std::string rest = sha256 + bits128;
  const auto both = policy(12, "80010001 80020e10 80010002 00020004 00480000" + rest);
  CHECK(both->lifetime == seconds{3600});
  CHECK(both->lifetime_kilobytes == 0x480000u);
  const auto kilobytes = policy(12, "80010002 80020400" + rest);
  CHECK(kilobytes->lifetime == seconds{28800});
  CHECK(kilobytes->lifetime_kilobytes == 0x400u);
  CHECK(policy(12, "80010001 00020004 00015180" + rest)->lifetime == seconds{86400});
}

TEST_CASE("lifetimes that contradict themselves are refused") {
  const std::string rest = sha256 + bits128;
  CHECK(refusal(12, "80010001 80020000" + rest) == "malformed: life duration of 0");
  CHECK(refusal(12, "80020e10" + rest) == "malformed: life duration without a type");
  CHECK(refusal(12, rest + "80010001") == "malformed: life type without a duration");
  CHECK(refusal(12, "80010001 80020e10 80010001 80020e10" + rest) == "malformed: life type twice");
}

TEST_CASE(
    "modes, preservation, direction and sequence numbers outside their registry are refused") {
  const std::string rest = sha256 + bits128;
  CHECK(policy(12, rest + "80040002")->encapsulation == Encapsulation::transport);
  for (const char* mode : {"80040005", "8004f003"})
    CHECK(refusal(12, rest + mode) == "unsupported: SAT encapsulation mode");
  CHECK(
      refusal(12, rest + "80040003") ==
      "unsupported: SAT encapsulation mode UDP-Encapsulated-Tunnel, whose addresses are not kept");
  CHECK(refusal(12, rest + "80040004") ==
        "unsupported: SAT encapsulation mode UDP-Encapsulated-Transport, whose addresses are not "
        "kept");

  CHECK(policy(12, rest + "800e0001")->preservation == AddressPreservation::none);
  CHECK(policy(12, rest + "800e0003")->preservation == AddressPreservation::destination);
  for (const char* value : {"800e0005", "800ef000"})
    CHECK(refusal(12, rest + value) == "unsupported: SAT address preservation");

  CHECK(policy(12, rest + "800f0001")->direction == SaDirection::sender_only);
  CHECK(policy(12, rest + "800f0002")->direction == SaDirection::receiver_only);
  for (const char* value : {"800f0004", "800fffff"})
    CHECK(refusal(12, rest + value) == "unsupported: SAT direction");

  CHECK(policy(12, rest + "800b0001")->extended_sequence);
  for (const char* value : {"800b0000", "800b0002"})
    CHECK(refusal(12, rest + value) == "unsupported: SAT extended sequence number");
}

// Cisco's reference implementation writes all three whether they were configured or not.
TEST_CASE("modes, preservation and direction of 0 count as absent") {
  const auto zeros = policy(12, "80040000 800e0000 800f0000" + sha256 + bits128);
  REQUIRE(failure(zeros).empty());
  CHECK(zeros->encapsulation == Encapsulation::tunnel);
  CHECK(zeros->preservation == AddressPreservation::both);
  CHECK(zeros->direction == SaDirection::symmetric);
  CHECK(refusal(12, "80040000 80040001" + sha256 + bits128) == "malformed: SAT attribute twice");
}

// So does it with AES-GCM: 20 octets of TEK_ALGORITHM_KEY are 160 bits to it.
TEST_CASE("a key length that counts the salt is understood where there is one") {
  for (const unsigned id : {18u, 19u, 20u, 23u}) {
    CHECK(policy(id, "800600a0")->key_bits == 128);
    CHECK(policy(id, "800600e0")->key_bits == 192);
    CHECK(policy(id, "80060120")->key_bits == 256);
  }
  for (const unsigned id : {14u, 15u, 16u}) {
    CHECK(policy(id, "80060098")->key_bits == 128);
    CHECK(policy(id, "800600d8")->key_bits == 192);
    CHECK(policy(id, "80060118")->key_bits == 256);
    CHECK(refusal(id, "800600a0") == "unsupported: SAT key length");
  }
  CHECK(policy(13, sha256 + "800600a0")->key_bits == 128);
  CHECK(policy(20, "800600c0")->key_bits == 192);
  CHECK(refusal(12, sha256 + "800600a0") == "unsupported: SAT key length");
  CHECK(refusal(20, "80060098") == "unsupported: SAT key length");
}

TEST_CASE("private and unknown attributes are counted") {
  const auto counted = policy(12, sha256 + bits128 + "fd010001 7d020003aabbcc fd010001 80080001");
  REQUIRE(failure(counted).empty());
  CHECK(counted->ignored_attributes == 4);
}

TEST_CASE("a group description and key rounds are ignored, as the RFCs have it") {
  const auto ignored = policy(12, sha256 + bits128 + "80030002 8007000a");
  REQUIRE(failure(ignored).empty());
  CHECK(ignored->ignored_attributes == 0);
}

TEST_CASE("attributes that come twice or with a value too long are refused") {
  CHECK(refusal(12, sha256 + bits128 + bits128) == "malformed: SAT attribute twice");
  CHECK(refusal(12, sha256 + bits128 + "80040001 80040002") == "malformed: SAT attribute twice");
  CHECK(refusal(12, sha256 + "00060003 010080") == "malformed: SAT attribute value");
  CHECK(refusal(12, sha256 + "00060000") == "malformed: SAT attribute value");
  CHECK(refusal(12, sha256 + "00060004 00000080").empty());
}

}  // namespace esp_policy_test
