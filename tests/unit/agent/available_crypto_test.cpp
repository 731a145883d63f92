// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/available_crypto.h"

#include <openssl/evp.h>

#include "tests/support/catch.h"

namespace available_crypto_test {

using namespace agent;

namespace {

// What openssl.cnf says by default_properties.
struct Properties {
  explicit Properties(const char* text) { REQUIRE(EVP_set_default_properties(nullptr, text) == 1); }
  ~Properties() { EVP_set_default_properties(nullptr, ""); }
};

DaemonConfig config_of(std::vector<gdoi::Phase1Proposal> proposals) {
  DaemonConfig out;
  ConfiguredGroup group;
  group.config.proposals = std::move(proposals);
  out.groups.push_back(std::move(group));
  return out;
}

}  // namespace

TEST_CASE("where libcrypto has all algorithms nothing is taken away") {
  auto config = config_of(gdoi::default_proposals());
  const auto missing = leave_available(config);
  REQUIRE(missing);
  CHECK(missing->empty());
  CHECK(config.groups.front().config.proposals == gdoi::default_proposals());
  CHECK(config.groups.front().config.acceptance == Acceptance{});
}

TEST_CASE("a libcrypto that refuses algorithms is an error and no abort") {
  const Properties none{"provider=fips"};
  auto config = config_of(gdoi::default_proposals());
  const auto missing = leave_available(config);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().what, Catch::Contains("openssl.cnf"));
}

TEST_CASE("words are taken out of what is accepted") {
  Accepted accepted{Accepted::Filter::rekey_hash};
  CHECK(accepted.check("sha1"));
  accepted.remove("sha1");
  CHECK_FALSE(accepted.check("sha1"));
  CHECK(accepted.check("sha256"));
}

}  // namespace available_crypto_test
