// SPDX-License-Identifier: GPL-2.0-or-later
// Requests to install are answered by their token, in any order.
#include "tests/exchange/rekey_lab.h"

namespace install_order_test {

using namespace exchange;

namespace {

// Both is a member that awaits two answers: for a rekey that deletes TEKs, and for the policy
// of a registration that ended meanwhile.
struct Both : RekeyLab {
  Both() : RekeyLab{asking()} {
    network.wait_to_install = true;
    push(rekeyer->push(deleting({ks::delete_teks({1, 2, 3})})));
    network.reregister();
    network.run(10s);
    REQUIRE(network.rekeys.size() == 1);
    REQUIRE(network.policies.size() == 2);
    REQUIRE(network.status().rekeys.unicast == 0);
    REQUIRE_FALSE(network.registered());
  }
  static ks::Kek asking() {
    auto kek = ks::lab_kek();
    kek.acknowledgement = 1;
    return kek;
  }
  [[nodiscard]] gdoi::InstallToken rekey() const { return network.rekeys.back().what.token; }
  [[nodiscard]] gdoi::InstallToken policy() const { return network.policies.back().what.token; }
  void answer(gdoi::InstallToken token, bool installed = true) {
    network.answer_installation(installed, token);
    network.run(1s);
  }
};

}  // namespace

TEST_CASE("a rekey and a policy that both wait are answered in any order") {
  Both lab;
  REQUIRE(lab.rekey() != lab.policy());
  SECTION("the rekey first") {
    lab.answer(lab.rekey());
    CHECK(lab.network.status().rekeys.unicast == 1);
    CHECK(lab.acknowledgements().size() == 1);
    CHECK_FALSE(lab.network.registered());
    lab.answer(lab.policy());
  }
  SECTION("the policy first") {
    lab.answer(lab.policy());
    CHECK(lab.network.registered());
    CHECK(lab.network.status().rekeys.unicast == 0);
    CHECK(lab.acknowledgements().empty());
    lab.answer(lab.rekey());
  }
  CHECK(lab.network.registered());
  CHECK(lab.network.status().registrations_succeeded == 2);
  CHECK(lab.network.status().rekeys.unicast == 1);
  CHECK(lab.acknowledgements().size() == 1);
}

TEST_CASE("a failure is that of the request it answers") {
  Both lab;
  SECTION("the rekey's") {
    lab.answer(lab.rekey(), false);
    lab.answer(lab.policy());
    CHECK(lab.network.registered());
    CHECK(lab.acknowledgements().empty());
    CHECK(lab.network.status().rekeys.unicast == 0);
  }
  SECTION("the policy's") {
    lab.answer(lab.policy(), false);
    lab.answer(lab.rekey());
    CHECK(lab.network.status().registrations_succeeded == 1);
    CHECK(lab.network.failures.size() == 1);
    CHECK(lab.acknowledgements().size() == 1);
    CHECK(lab.network.status().rekeys.unicast == 1);
  }
}

TEST_CASE("an answer that nobody awaits has no effect") {
  Both lab;
  SECTION("of no request") {
    lab.answer({});
    lab.answer({1000}, false);
    CHECK(lab.network.status().registrations_succeeded == 1);
    CHECK(lab.network.status().rekeys.unicast == 0);
  }
  SECTION("given twice") {
    lab.answer(lab.policy());
    lab.answer(lab.policy());
    lab.answer(lab.policy(), false);
    CHECK(lab.network.status().registrations_succeeded == 2);
    CHECK(lab.network.registered());
  }
  SECTION("after the end") {
    lab.network.stop();
    lab.answer(lab.policy());
    lab.answer(lab.rekey());
    CHECK(lab.network.status().state == gdoi::MemberStatus::State::idle);
    CHECK(lab.network.status().registrations_succeeded == 1);
    CHECK(lab.acknowledgements().empty());
  }
}

TEST_CASE("a registration is made once more when a rekey with a whole list still waits") {
  RekeyLab lab;
  unsigned replies = 0;
  lab.network.wait_to_install = true;
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    // The fourth reply is PULL message 2, with the policy of now.
    if (way == Way::to_member && datagram[18] != std::byte{33} && ++replies == 4)
      lab.network.at(lab.network.now() + 15ms, [&] {
        lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(0x2222, 3600)));
      });
    return true;
  };
  const auto attempts = lab.network.started.size();
  lab.network.reregister();
  lab.network.run(5s);
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.started.size() == attempts + 2);
  REQUIRE(lab.network.policies.size() == 2);
  CHECK(lab.network.started.back() > lab.network.rekeys.back().at);
}

}  // namespace install_order_test
