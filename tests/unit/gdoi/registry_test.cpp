// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/registry.h"

#include "tests/support/catch.h"

namespace registry_test {

using namespace gdoi;

TEST_CASE("payloads of GDOI are known by the names of RFC 6407") {
  CHECK(name_of(PayloadType{15}) == "SAK");
  CHECK(name_of(PayloadType{16}) == "SAT");
  CHECK(name_of(PayloadType{17}) == "KD");
  CHECK(name_of(PayloadType{18}) == "SEQ");
  CHECK(name_of(PayloadType{22}) == "GAP");
}

TEST_CASE("exchanges, notifications, IDs and transforms are known by their numbers") {
  CHECK(name_of(ExchangeType{2}) == "Identity Protection");
  CHECK(name_of(ExchangeType{32}) == "GROUPKEY-PULL");
  CHECK(name_of(ExchangeType{35}) == "GROUPKEY-PUSH-ACK");
  CHECK(name_of(NotifyType{14}) == "NO-PROPOSAL-CHOSEN");
  CHECK(name_of(NotifyType{24578}) == "INITIAL-CONTACT");
  CHECK(name_of(IdType{11}) == "ID_KEY_ID");
  CHECK(name_of(EspTransformId{12}) == "esp-aes");
  CHECK(name_of(EspTransformId{23}) == "esp-gmac");
  CHECK(name_of(IntegrityId{2}) == "esp-sha-hmac");
}

TEST_CASE("numbers nobody assigned print as unknown") {
  CHECK(name_of(PayloadType{23}) == "unknown");
  CHECK(name_of(PayloadType{255}) == "unknown");
  CHECK(name_of(ExchangeType{34}) == "unknown");
  CHECK(name_of(NotifyType{65535}) == "unknown");
  CHECK(name_of(IdType{12}) == "unknown");
  CHECK(name_of(EspTransformId{17}) == "unknown");
  CHECK(name_of(IntegrityId{3}) == "unknown");
}

}  // namespace registry_test
