// SPDX-License-Identifier: GPL-2.0-or-later
// Rekeys that meet something else: a registration, the KEK's end, one another.
#include "tests/exchange/rekey_lab.h"

namespace rekey_meets_test {

using namespace exchange;

TEST_CASE("a registration that a rekey has overtaken is made once more, and brings nothing old") {
  RekeyLab lab;
  unsigned replies = 0;
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
  // One attempt was given up, its policy not installed; the next one's was told after the rekey.
  CHECK(lab.network.started.size() == attempts + 2);
  REQUIRE(lab.network.policies.size() == 2);
  CHECK(lab.network.started.back() > lab.network.rekeys.back().at);
}

TEST_CASE("rekeys do not put off the registration before the KEK's end") {
  auto kek = ks::lab_kek();
  kek.life = 1800;
  RekeyLab lab{kek};
  for (std::uint32_t i = 0; i < 60; ++i) {
    lab.network.send(server, lab.rekeyer->push(ks::tek_group(0x2000 + i)));
    lab.network.run(30s);
  }
  REQUIRE(lab.network.policies.size() == 2);
  CHECK(lab.network.policies.back().at - lab.network.begin() <= 1740s);
}

TEST_CASE("an acknowledgement that waits is not lost to the next rekey") {
  auto kek = ks::lab_kek();
  kek.acknowledgement = 1;
  kek.destination = ks::host("239.1.2.3", 848);
  RekeyLab lab{kek};
  lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(0x2222)));
  lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(0x3333)));
  lab.network.run(10s);
  CHECK(lab.acknowledgements().size() == 2);
}

TEST_CASE("a rekey during a failing registration is seen in the status") {
  RekeyLab lab;
  silence(lab);
  lab.network.run(4000s);
  REQUIRE_FALSE(lab.network.status().registered_with);
  lab.network.run(
      10min, [&] { return lab.network.status().state == gdoi::MemberStatus::State::registering; });
  REQUIRE(lab.network.status().state == gdoi::MemberStatus::State::registering);
  lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.status().registered_with);
  lab.network.run(2min);
  CHECK(lab.network.status().registered_with);
}

}  // namespace rekey_meets_test
