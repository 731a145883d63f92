// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/rekey_key_pin.h"

#include "agent/config/octet_values.h"
#include "gdoi/policy/rekey_key.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace rekey_key_pin_test {

using namespace agent;
using namespace support;

namespace {

constexpr Instant noon{std::chrono::hours{12}};

std::optional<gdoi::Kek> signed_by(std::uint8_t key, std::uint8_t spi = 0x10) {
  auto out = kek(spi);
  out.signature_key = gdoi::Bytes(20, std::byte{key});
  return out;
}

gdoi::Bytes digest_of(std::uint8_t key) { return gdoi::rekey_key_digest(*signed_by(key)); }

std::string what(const Result<void>& result) { return result ? "" : result.error().what; }

struct Fixture {
  Log log{Level::debug, [](Level, std::string_view) {}};
  KeptState kept{"", log};
};

RekeyKeys first() {
  RekeyKeys out;
  out.first = true;
  return out;
}

gdoi::Rekey rekey_of(std::uint8_t under, std::optional<gdoi::Kek> brought) {
  gdoi::Rekey out;
  out.under = kek(under).policy.spi;
  out.policy = lab_policy(7);
  out.policy->kek = std::move(brought);
  return out;
}

}  // namespace

TEST_CASE("without a pin any key will do, and none") {
  RekeyKeyPin pin{{}, nullptr, {}};
  CHECK(what(pin.check(signed_by(1))) == "");
  CHECK(what(pin.check(std::optional<gdoi::Kek>{})) == "");
  pin.installed(digest_of(1), noon);
  CHECK(pin.current() == digest_of(1));
  CHECK(what(pin.check(signed_by(2))) == "");
  CHECK(pin.accept(noon).error().what ==
        "rekey-key is not 'first': the configuration says which keys count");
}

TEST_CASE("one of the pinned keys must sign, whoever asks") {
  RekeyKeys keys;
  REQUIRE(add_rekey_key(keys, rekey_key_text(digest_of(1))));
  REQUIRE(add_rekey_key(keys, rekey_key_text(digest_of(2))));
  RekeyKeyPin pin{keys, nullptr, {}};
  CHECK(what(pin.check(signed_by(1))) == "");
  CHECK(what(pin.check(signed_by(2))) == "");
  const auto refusal = what(pin.check(signed_by(3)));
  CHECK_THAT(refusal, Catch::Contains(rekey_key_text(digest_of(3))));
  CHECK_THAT(refusal, Catch::Contains(rekey_key_text(digest_of(1))));
  CHECK_THAT(refusal, Catch::EndsWith("Another rekey-key takes the new one"));
  CHECK_THAT(what(pin.check(std::optional<gdoi::Kek>{})),
             Catch::StartsWith("the policy has no KEK"));
  CHECK_FALSE(pin.accept(noon));
}

TEST_CASE(
    "the first key that was installed counts, over restarts, until the operator takes another") {
  Fixture f;
  RekeyKeyPin pin{first(), &f.kept, "g"};
  CHECK(what(pin.check(signed_by(1))) == "");
  CHECK(what(pin.check(signed_by(2))) == "");  // none is installed yet
  pin.installed({}, noon);
  CHECK(f.kept.rekey_key("g").empty());
  pin.installed(digest_of(1), noon);
  CHECK(f.kept.rekey_key("g") == digest_of(1));
  CHECK(pin.accept(noon).error().what == "no key for rekeys was refused");

  RekeyKeyPin successor{first(), &f.kept, "g"};
  CHECK(what(successor.check(signed_by(1))) == "");
  CHECK_THAT(what(successor.check(signed_by(2))),
             Catch::EndsWith("getvpnctl accept-rekey-key takes the new one"));
  const auto accepted = successor.accept(noon);
  REQUIRE(accepted);
  CHECK(*accepted == digest_of(2));
  CHECK(what(successor.check(signed_by(2))) == "");
  CHECK_FALSE(successor.check(signed_by(1)));
  CHECK(f.kept.rekey_key("g") == digest_of(2));
}

TEST_CASE("a rekey brings no other key, and none counts that comes under a KEK of one") {
  Fixture f;
  RekeyKeyPin pin{first(), &f.kept, "g"};
  pin.installed(digest_of(1), noon);
  CHECK(what(pin.check(rekey_of(0x10, std::nullopt))) == "");
  CHECK(what(pin.check(rekey_of(0x10, signed_by(1, 0x20)))) == "");
  CHECK_FALSE(pin.check(rekey_of(0x10, signed_by(2, 0x30))));
  CHECK(what(pin.check(rekey_of(0x10, std::nullopt))) == "");
  CHECK_FALSE(pin.check(rekey_of(0x30, std::nullopt)));
  REQUIRE(pin.accept(noon));
  CHECK(what(pin.check(rekey_of(0x30, std::nullopt))) == "");
}

TEST_CASE("rekey-key takes digests, or one word") {
  const std::string digest = rekey_key_text(gdoi::Bytes(32, std::byte{0xab}));
  RekeyKeys keys;
  CHECK(what(add_rekey_key(keys, "any")) == "");
  CHECK(keys.any());
  for (const std::string text : {"sha256:ab", "sha256:", "sha1:abcd", "abcd"})
    CHECK_THAT(what(add_rekey_key(keys, text)), Catch::Contains("64 hexadecimal digits"));
  CHECK(what(add_rekey_key(keys, digest)) == "");
  CHECK(what(add_rekey_key(keys, "first")) == "'any' and 'first' stand alone");
  CHECK(what(add_rekey_key(keys, "any")) == "'any' and 'first' stand alone");
  for (int i = 0; i < 7; ++i) CHECK(what(add_rekey_key(keys, digest)) == "");
  CHECK(what(add_rekey_key(keys, digest)) == "more than 8 keys");
  RekeyKeys one = first();
  CHECK(what(add_rekey_key(one, digest)) == "'any' and 'first' stand alone");
}

}  // namespace rekey_key_pin_test
