// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/secret_strength.h"

#include "agent/base/address.h"
#include "tests/support/catch.h"

namespace secret_strength_test {

using namespace agent;

namespace {

unsigned bits(std::string_view text) { return estimated_bits(std::as_bytes(std::span{text})); }

std::vector<std::string> remarks(const std::string& text,
                                 std::initializer_list<const char*> key_servers) {
  const auto secrets = SecretsFile::parse(text, "F");
  REQUIRE(secrets.has_value());
  std::vector<KeyServer> endpoints;
  for (const auto* server : key_servers) endpoints.push_back({{*parse_ipv4(server), 848}, {}});
  return secret_remarks(*secrets, endpoints, {});
}

}  // namespace

TEST_CASE("length and kinds of octets bound the entropy, repetition does not add to it") {
  CHECK(bits("") == 0);
  CHECK(bits("a") == 4);
  CHECK(bits("aaaaaaaa") <= 12);
  CHECK(bits("12345678") <= 11);
  CHECK(bits("SUPERSECRET") < 60);
  CHECK(bits("k7Gw2pXq9Rt4Zm1Vb6Nc") > 110);
  CHECK(bits("k7Gw2pXq9Rt4Zm1Vb6Nc") < bits("k7Gw2pXq9Rt4Zm1Vb6N!"));
  const std::string random{"\x01\x93\x7f\xc4\x22\xee\x5b\x10\xa8\x66\xd1\x3c\x99\x04\xb7\x48"};
  CHECK(bits(random) == 128);
}

TEST_CASE("each secret in use is judged once, and no part of it told") {
  const auto weak = remarks("any hunter2\n10.0.0.9 unused\n", {"10.0.0.5", "10.0.0.6"});
  REQUIRE(weak.size() == 2);
  CHECK_THAT(weak[0], Catch::StartsWith("secret on line 1: at most "));
  CHECK_THAT(weak[0], Catch::Contains("can try all likely ones"));
  CHECK_THAT(weak[1], Catch::Contains("for 'any'"));
  CHECK_THAT(weak[1], Catch::Contains("RFC 6407 section 7.2.6"));
  for (const auto& line : weak) CHECK_THAT(line, !Catch::Contains("hunter2"));

  const std::string half = "0x01937fc422ee5b10a866d13c9904b748";
  const auto shared =
      remarks("10.0.0.5 " + half + "\n10.0.0.6 " + half + "\n", {"10.0.0.5", "10.0.0.6"});
  REQUIRE(shared.size() == 3);
  CHECK_THAT(shared[0], Catch::Contains("at most 128 bits, at most 64 against a quantum computer"));
  CHECK_THAT(shared[2], Catch::StartsWith("the secrets on lines 1 and 2 are the same"));

  const auto strong =
      remarks("10.0.0.5 " + half + "5d2e80f31b74c60a9b27e4168df03c55\n", {"10.0.0.5"});
  REQUIRE(strong.size() == 1);
  CHECK_THAT(strong[0], Catch::Contains("withstand a quantum computer (RFC 8784)"));
}

}  // namespace secret_strength_test
