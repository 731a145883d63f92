// SPDX-License-Identifier: GPL-2.0-or-later
// Registrations that fail for want of an answer, or because the answers prove nothing.
#include "tests/exchange/lab.h"

namespace refuse_answers_test {

using namespace exchange;
using gdoi::Errc;

TEST_CASE("a wrong pre-shared key is named as the likely cause") {
  ks::Script script;
  script.psk = ks::text("supersecret");
  SECTION("when the key server keeps silent") {
    const auto report = Lab{std::move(script)}.first_failure();
    CHECK(told(report.why) ==
          "timed out: no valid answer to our authentication; check that both sides have the same "
          "pre-shared key");
    CHECK_FALSE(report.notification);
  }
  SECTION("when it says that it cannot read us") {
    script.bad_proof_notify = ks::payload_malformed;
    Lab lab{std::move(script)};
    const auto report = lab.first_failure();
    CHECK(told(report.why) ==
          "not authentic: no valid answer to our authentication; check that both sides have the "
          "same pre-shared key");
    CHECK(report.notification == gdoi::NotifyType::payload_malformed);
    CHECK_FALSE(report.notification_authentic);
    CHECK(lab.network.failures.front().at - lab.network.begin() < 10s);
  }
}

TEST_CASE("a key server that is not there is reported as silent") {
  Network network{member_config({"10.0.0.5"})};
  network.start();
  network.run(10min, [&] { return !network.failures.empty(); });
  REQUIRE(network.failures.size() == 1);
  CHECK(told(network.failures.front().report.why) == "timed out: no answer from the key server");
  CHECK(network.failures.front().at - network.begin() == 62s);  // 2 + 4 + 8 + 16 + 32
  CHECK(network.sent.size() == 5);
}

TEST_CASE("a key server that wants none of our proposals is reported") {
  ks::Script script;
  script.accepts = {{5, 0, 1, 1}};
  SECTION("with its hint, soon") {
    auto config = member_config({"10.0.0.5"});
    config.phase1.fallback_doi = false;
    Lab lab{std::move(script), std::move(config)};
    const auto report = lab.first_failure();
    CHECK(told(report.why) == "refused: the key server refuses our phase 1 proposal");
    CHECK(report.why.detail == 14);
    CHECK(report.notification == gdoi::NotifyType::no_proposal_chosen);
    CHECK_FALSE(report.notification_authentic);
    CHECK(lab.network.failures.front().at - lab.network.begin() <= 2s);
  }
  SECTION("without one, as silent") {
    script.refused_suite_notify = 0;
    const auto report = Lab{std::move(script)}.first_failure();
    CHECK(told(report.why) == "timed out: no answer from the key server");
  }
}

TEST_CASE("a wrong HASH never counts as an answer") {
  const auto [step, why] = GENERATE(table<ks::Step, std::string>({
      {ks::Step::mm6,
       "not authentic: no valid answer to our authentication; check that both sides have the same "
       "pre-shared key"},
      {ks::Step::pull2, "timed out: no valid answer to PULL message 1"},
      {ks::Step::pull4, "timed out: no valid answer to PULL message 3"},
  }));
  CAPTURE(ks::name_of(step));
  const auto bend = GENERATE(0, 1, 2);  // a wrong one, a shorter one, a longer one
  ks::Script script;
  script.edit_hash = [=, at = step](ks::Step here, ks::Octets& hash) {
    if (here != at) return;
    if (bend == 0) hash.back() ^= std::byte{1};
    if (bend == 1) hash.pop_back();
    if (bend == 2) hash.push_back(std::byte{0});
  };
  Lab lab{std::move(script)};
  CHECK(told(lab.first_failure().why) == why);
  CHECK_FALSE(lab.network.drops.empty());
}

TEST_CASE("a key server that says nothing at a step is given up after all tries") {
  const auto [step, why] = GENERATE(table<ks::Step, std::string>({
      {ks::Step::mm2, "timed out: no answer from the key server"},
      {ks::Step::mm4, "timed out: no answer to our phase 1 key exchange"},
      {ks::Step::mm6,
       "timed out: no valid answer to our authentication; check that both sides have the same "
       "pre-shared key"},
      {ks::Step::pull2,
       "timed out: no answer to PULL message 1; the key server may not know the group"},
      {ks::Step::pull4, "timed out: no answer to PULL message 3"},
  }));
  ks::Script script;
  script.instead[step] = {};
  Lab lab{std::move(script)};
  CHECK(told(lab.first_failure().why) == why);
}

TEST_CASE("a phase 1 answer that we did not offer is no answer") {
  const auto fault = GENERATE(range(0, 9));
  CAPTURE(fault);
  Lab lab{with_edit(ks::Step::mm2, [=](ks::Payloads& said) {
    ks::Octets& answer = body(said, sa);
    // DOI 4, situation 4, proposal header 8, transform header 8; then attributes of 4 octets:
    // encryption, hash, method, group, life type, ...
    constexpr std::size_t attributes = 24;
    if (fault == 0) answer[attributes + 3] = std::byte{5};   // another cipher
    if (fault == 1) answer[attributes + 7] = std::byte{2};   // another hash
    if (fault == 2) answer[attributes + 11] = std::byte{3};  // signatures
    if (fault == 3) answer[attributes + 15] = std::byte{2};  // another group
    if (fault == 4) answer[attributes + 1] = std::byte{99};  // an attribute nobody knows
    if (fault == 5) answer[8] = std::byte{2};                // another proposal is to follow
    if (fault == 6) answer.resize(answer.size() - 1);        // shorter by one octet
    if (fault == 7) answer.push_back(std::byte{0});          // longer by one octet
    if (fault == 8) erase(said, sa), said.push_back({13, ks::text("no SA")});
  })};
  const auto report = lab.first_failure();
  CHECK(told(report.why) == "timed out: no valid answer to our phase 1 proposal");
  CHECK_FALSE(lab.key_server.has_phase1());
}

TEST_CASE("phase 1 message 4 with a bad key or nonce is no answer") {
  const auto fault = GENERATE(range(0, 8));
  CAPTURE(fault);
  Lab lab{with_edit(ks::Step::mm4, [=](ks::Payloads& said) {
    if (fault == 0) body(said, ke).pop_back();
    if (fault == 1) body(said, ke).push_back(std::byte{0});
    if (fault == 2) body(said, ke).back() ^= std::byte{1};  // off the curve
    if (fault == 3) body(said, nonce).resize(7);
    if (fault == 4) body(said, nonce).resize(257);
    if (fault == 5) erase(said, ke);
    if (fault == 6) erase(said, nonce);
    if (fault == 7) said.push_back({ke, body(said, ke)});
  })};
  CHECK(told(lab.first_failure().why) == "timed out: no valid answer to our phase 1 key exchange");
}

TEST_CASE("a public value of small order is refused in every MODP group") {
  auto config = member_config({"10.0.0.5"});
  config.phase1.proposals.front().group =
      GENERATE(gdoi::DhGroup::modp1024, gdoi::DhGroup::modp2048, gdoi::DhGroup::modp4096);
  const auto value = GENERATE(0, 1);
  Lab lab{with_edit(ks::Step::mm4,
                    [=](ks::Payloads& said) {
                      ks::Octets& open = body(said, ke);
                      std::fill(open.begin(), open.end(), std::byte{0});
                      open.back() = static_cast<std::byte>(value);
                    }),
          std::move(config)};
  CHECK(told(lab.first_failure().why) == "timed out: no valid answer to our phase 1 key exchange");
}

TEST_CASE("phase 1 message 6 without its identity is no proof") {
  ks::Script script;
  script.edit_wire = [](ks::Step step, ks::Octets& wire) {
    if (step == ks::Step::mm6) wire[16] = std::byte{8};  // the first payload is said to be the HASH
  };
  Lab lab{std::move(script)};
  CHECK(lab.first_failure().why.code == Errc::not_authentic);
}

TEST_CASE("a policy that the agent cannot install leaves the member unregistered") {
  Network network{member_config({"10.0.0.5"})};
  auto& key_server = network.attach("10.0.0.5");
  network.refuse_to_install = true;
  network.start();
  network.run(1s);

  REQUIRE(network.failures.size() == 1);
  CHECK(told(network.failures.front().report.why) == "unsupported: policy could not be installed");
  CHECK(network.failures.front().report.retry_in >= 5s);
  CHECK(network.status().state == gdoi::MemberStatus::State::waiting);
  CHECK_FALSE(network.status().registered_with);
  CHECK(key_server.seen().deletes == 1);

  SECTION("and tries again after its pause") {
    network.refuse_to_install = false;
    network.run(10s);
    CHECK(network.registered());
  }
}

TEST_CASE("datagrams from elsewhere are dropped") {
  Network network{member_config({"10.0.0.5"})};
  network.attach("10.0.0.5");
  gdoi::Endpoint elsewhere = GENERATE(endpoint("10.0.0.6"), endpoint("10.0.0.5", 849));
  unsigned forged = 0;
  network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_member) {
      network.inject(elsewhere, datagram);
      ++forged;
    }
    return true;
  };
  network.start();
  network.run(5s);
  CHECK(network.registered());
  CHECK(forged == 5);
  CHECK(network.drops.size() == 5);
  CHECK(network.status().datagrams_dropped == 5);
}

TEST_CASE("datagrams without a registration are dropped") {
  Network network{member_config({"10.0.0.5"})};
  network.attach("10.0.0.5");
  network.deliver("10.0.0.5", ks::repeated(7, 100));
  network.deliver("10.0.0.5", {});
  CHECK(network.drops.size() == 2);
  network.start();
  network.run(5s);
  REQUIRE(network.registered());
  const auto before = network.member().deadline();
  network.deliver("10.0.0.5", network.sent.front().datagram);
  CHECK(network.drops.size() == 3);
  CHECK(network.member().deadline() == before);
}

}  // namespace refuse_answers_test
