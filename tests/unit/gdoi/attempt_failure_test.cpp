// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/attempt_failure.h"

#include "tests/support/catch.h"

namespace attempt_failure_test {

using namespace gdoi;

namespace {

using Stage = Phase1Exchange::Stage;

AttemptFailure after_phase1(Stage stage, const WithoutAnswer& got = {}, bool floated = false) {
  return phase1_timeout(stage, floated, "is the key right?", got);
}

WithoutAnswer hint(NotifyType type) { return {type, {}, false}; }

}  // namespace

TEST_CASE("silence after the proposal may be a DOI that the key server does not support") {
  const auto failure = after_phase1(Stage::proposal);
  CHECK(failure.why.code == Errc::timed_out);
  CHECK(failure.why.where == "no answer from the key server");
  CHECK(failure.may_be_doi);
  CHECK_FALSE(failure.hinted_doi);
  CHECK_FALSE(failure.notification);
  CHECK(failure.silent);
}

TEST_CASE("a key server that sent anything, or took the proposal, was not silent") {
  CHECK_FALSE(after_phase1(Stage::proposal, hint(NotifyType::no_proposal_chosen)).silent);
  CHECK_FALSE(after_phase1(Stage::proposal, {{}, {}, true}).silent);
  CHECK_FALSE(after_phase1(Stage::keys).silent);
  CHECK_FALSE(after_phase1(Stage::proof).silent);
}

TEST_CASE("some notifications hint at the DOI, others only refuse") {
  for (const auto type : {NotifyType::no_proposal_chosen, NotifyType::doi_not_supported,
                          NotifyType::situation_not_supported})
    CHECK(after_phase1(Stage::proposal, hint(type)).hinted_doi);
  const auto failure = after_phase1(Stage::proposal, hint(NotifyType::authentication_failed));
  CHECK_FALSE(failure.hinted_doi);
  CHECK(failure.why.code == Errc::refused);
  CHECK(failure.why.detail == static_cast<std::uint32_t>(NotifyType::authentication_failed));
  CHECK(failure.notification == NotifyType::authentication_failed);
  CHECK_FALSE(failure.notification_authentic);
}

TEST_CASE("an invalid reply is told from silence") {
  const WithoutAnswer invalid{{}, {}, true};
  CHECK(after_phase1(Stage::proposal, invalid).why.where ==
        "no valid answer to our phase 1 proposal");
  CHECK(after_phase1(Stage::keys, invalid).why.where ==
        "no valid answer to our phase 1 key exchange");
  CHECK(after_phase1(Stage::keys).why.where == "no answer to our phase 1 key exchange");
  CHECK(after_phase1(Stage::proof, invalid).why.code == Errc::not_authentic);
  CHECK(pull_timeout(Registration::Stage::policy, invalid).why.where ==
        "no valid answer to PULL message 1");
}

TEST_CASE("silence after the proof may be a wrong key, or UDP 4500") {
  CHECK(after_phase1(Stage::proof).why.where == "is the key right?");
  CHECK(after_phase1(Stage::proof).why.code == Errc::timed_out);
  CHECK_FALSE(after_phase1(Stage::proof).may_be_nat);
  CHECK(after_phase1(Stage::proof, {}, true).may_be_nat);
  CHECK_FALSE(after_phase1(Stage::keys, {}, true).may_be_nat);
}

TEST_CASE("an untrusted peer explains the failure better than all else") {
  const Error untrusted{Errc::untrusted, "another certificate"};
  const auto failure =
      after_phase1(Stage::proof, {NotifyType::authentication_failed, untrusted, true});
  CHECK(failure.why == untrusted);
}

TEST_CASE("an authenticated notification is a refusal with its number") {
  const auto failure = refused_with(NotifyType::invalid_id_information);
  CHECK(failure.why.code == Errc::refused);
  CHECK(failure.why.detail == static_cast<std::uint32_t>(NotifyType::invalid_id_information));
  CHECK(failure.notification_authentic);
}

}  // namespace attempt_failure_test
