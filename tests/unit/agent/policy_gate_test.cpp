// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/policy_gate.h"

#include "agent/group/sa_table.h"
#include "tests/support/catch.h"
#include "tests/unit/agent/policies.h"

namespace policy_gate_test {

using namespace agent;
using namespace support;

namespace {

struct Gate {
  Acceptance acceptance;
  std::vector<gdoi::AddressRange> scope;
  InboundSpis spis;
  InboundSpis::Holder ours{spis, "ONE", {"wan0"}};
  InboundSpis::Holder other{spis, "TWO", {"wan0"}};
  SaTable sas;
  RekeyKeyPin rekey_key{{}, nullptr, {}};
  PolicyGate gate{acceptance, rekey_key, scope, ours, sas};

  [[nodiscard]] std::string refusal(const gdoi::GroupPolicy& policy) const {
    const auto checked = gate.check(policy);
    return checked ? "" : checked.error().what;
  }
};

}  // namespace

TEST_CASE("a policy with what is accepted, within the scope and of no other group's SPIs passes") {
  Gate f;
  CHECK(f.refusal(lab_policy(7)).empty());
  f.scope = {range("10.0.0.0", "10.255.255.255")};
  f.other.hold({gdoi::Spi{8}});
  CHECK(f.refusal(lab_policy(7)).empty());
}

TEST_CASE(
    "an SPI that another group takes in is refused, unless it is ours already or not taken in") {
  Gate f;
  f.other.hold({gdoi::Spi{7}});
  CHECK_THAT(f.refusal(lab_policy(7)), Catch::StartsWith("TEK 0x00000007: group TWO has a TEK "));
  auto sent_only = lab_policy(7);
  sent_only.teks[0].policy.direction = gdoi::SaDirection::sender_only;
  CHECK(f.refusal(sent_only).empty());
  RecordingPlane plane;
  REQUIRE(f.sas.install(lab_policy(7), key_server(), plane, Instant{}).has_value());
  CHECK(f.refusal(lab_policy(7)).empty());
}

TEST_CASE("a permit entry outside of the scope is refused at either end, a deny entry is not") {
  Gate f;
  f.scope = {site(1)};
  CHECK(f.refusal(lab_policy(7)) ==
        "entry 'permit ip 10.1.0.0 0.0.0.255 10.3.0.0 0.0.0.255' is "
        "outside of the configured scope");
  auto denied = lab_policy(7);
  denied.entries = {deny(selector(site(1), site(3))), permit(selector(site(1), site(1)), 7)};
  CHECK(f.refusal(denied).empty());
  denied.entries.push_back(permit(selector(site(3), site(1)), 7));
  CHECK_FALSE(f.refusal(denied).empty());
}

TEST_CASE("a rekey is refused for the KEK it came under as well") {
  Gate f;
  auto weak = kek(0x5d).policy;
  weak.cipher = gdoi::CipherAlgorithm::des_cbc;
  const std::vector<gdoi::RekeySaStatus> keks{{gdoi::RekeyRole::current, weak, {}, Instant{}}};
  gdoi::Rekey rekey;
  rekey.policy = lab_policy(7);
  rekey.under = kek(0x11).policy.spi;
  CHECK(f.gate.check(rekey, keks).has_value());
  rekey.under = weak.spi;
  const auto checked = f.gate.check(rekey, keks);
  REQUIRE_FALSE(checked.has_value());
  CHECK_THAT(
      checked.error().what,
      Catch::Contains("des is not accepted; 'rekey-encryption = default, des' would accept"));
}

}  // namespace policy_gate_test
