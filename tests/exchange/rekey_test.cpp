// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH as the member follows it: what is installed, and what only looks like news.
#include "tests/exchange/rekey_lab.h"
#include "tests/support/hex.h"

namespace rekey_test {

using namespace exchange;
using support::hex;

namespace {

ks::Kek asking(unsigned type = 1) {
  auto out = ks::lab_kek();
  out.acknowledgement = type;
  return out;
}

void check_tek(const gdoi::GroupPolicy& policy, std::uint32_t spi) {
  const auto* tek = policy.find({spi});
  REQUIRE(tek != nullptr);
  CHECK(hex(tek->cipher_key.view()) == hex(ks::cipher_key(spi, 16)));
  CHECK(hex(tek->integrity_key.view()) == hex(ks::integrity_key(spi, 32)));
}

}  // namespace

TEST_CASE("a rekey is handed over whole, and then acknowledged") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 3000)));

  REQUIRE(lab.network.rekeys.size() == 1);
  const auto& installed = lab.network.rekeys.front().what;
  CHECK(installed.from == endpoint(server));
  CHECK(installed.rekey.sequence.value == 1);
  CHECK(installed.rekey.deletes.empty());
  CHECK(installed.rekey.replaces_list);
  CHECK_FALSE(installed.rekey.new_kek);
  REQUIRE(installed.rekey.policy);
  CHECK(installed.rekey.policy->entries.size() == 2);
  CHECK(installed.rekey.policy->teks.size() == 1);
  CHECK(installed.rekey.policy->teks.front().policy.lifetime == seconds{3000});
  check_tek(*installed.rekey.policy, 0x2222);

  REQUIRE(lab.acknowledgements().size() == 1);
  CHECK(lab.acknowledgements().front().sequence == 1);
  CHECK(lab.acknowledgements().front().member == ks::host("172.16.1.2").data);
  CHECK(lab.key_server.seen().complaints.empty());
  const auto& rekeys = lab.network.status().rekeys;
  CHECK(rekeys.unicast == 1);
  CHECK(rekeys.multicast == 0);
  CHECK(rekeys.since_registration == 1);
  CHECK(rekeys.acknowledgements_sent == 1);
  CHECK(rekeys.last_from == endpoint(server));
  CHECK(rekeys.last_sequence.value == 1);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("nothing is acknowledged that the key server does not want to hear of") {
  RekeyLab lab;
  const auto sent = lab.network.sent.size();
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.sent.size() == sent);
  CHECK(lab.network.status().rekeys.acknowledgements_sent == 0);
}

TEST_CASE("there is no acknowledgement before the installation") {
  RekeyLab lab{asking()};
  lab.network.wait_to_install = true;
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  lab.push(push);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().empty());
  CHECK(lab.network.status().rekeys.unicast == 0);

  SECTION("nor for a copy that comes in the meantime") {
    lab.check_untouched(push);
    CHECK(lab.acknowledgements().empty());
  }
  SECTION("nor is another one taken until then") {
    lab.check_untouched(lab.rekeyer->push(ks::tek_group(0x3333)));
    CHECK(lab.network.rekeys.size() == 1);
  }
  lab.network.answer_installation(true);
  lab.network.run(1s);
  CHECK(lab.acknowledgements().size() == 1);
}

TEST_CASE("a rekey that could not be installed is not acknowledged, and a registration follows") {
  RekeyLab lab{asking()};
  lab.network.refuse_to_install = true;
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  lab.push(push);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.status().rekeys.unicast == 0);
  CHECK(lab.network.status().last_failure->where == "the rekey could not be installed");
  CHECK(lab.network.registered());
  CHECK(lab.network.status().registered_with);  // by what was installed before
  CHECK(lab.next_registration() >= 4s);
  CHECK(lab.next_registration() <= 6250ms);

  lab.push(push);  // the key server repeats itself
  CHECK(lab.acknowledgements().empty());
  lab.network.refuse_to_install = false;
  lab.network.run(10s);
  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.network.started.size() == 2);
  CHECK(lab.acknowledgements().empty());
}

TEST_CASE("installations that always fail do not make the member spin") {
  RekeyLab lab{asking()};
  lab.network.refuse_to_install = true;
  for (std::uint32_t i = 0; i < 3600; ++i) lab.push(lab.rekeyer->push(ks::tek_group(0x3000 + i)));
  CHECK(lab.network.started.size() > 5);
  CHECK(lab.network.started.size() < 25);  // 5 s, 10 s, ... 300 s
  CHECK(lab.acknowledgements().empty());
}

TEST_CASE("a copy of the last rekey is acknowledged again and does nothing else") {
  RekeyLab lab{asking()};
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  lab.push(push);
  const auto deadline = lab.network.member().deadline();
  lab.push(push);
  lab.push(push);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.repeated.size() == 2);
  CHECK(lab.network.repeated.front().sequence.value == 1);
  CHECK(lab.acknowledgements().size() == 3);
  CHECK(lab.network.status().rekeys.repeated == 2);
  CHECK(lab.network.status().rekeys.acknowledgements_sent == 3);
  CHECK(lab.network.status().rekeys.unicast == 1);
  CHECK(lab.network.member().deadline() == deadline);

  SECTION("also when it comes after a registration") {
    lab.network.reregister();
    lab.network.run(1s);
    REQUIRE(lab.network.policies.size() == 2);
    lab.push(push);
    CHECK(lab.network.rekeys.size() == 1);
    CHECK(lab.acknowledgements().size() == 4);
  }
  SECTION("but not without end") {
    for (int i = 0; i < 100; ++i) lab.network.inject(endpoint(server), push);
    lab.network.run(1s);
    CHECK(lab.network.status().rekeys.acknowledgements_sent <= 25);
  }
  SECTION("and not after the next one") {
    lab.push(lab.rekeyer->push(ks::tek_group(0x3333)));
    lab.check_untouched(push);
    CHECK(lab.dropped() == "unexpected: old sequence number of a PUSH");
  }
}

TEST_CASE("a retransmission with a new number and known SPIs is installed again and acknowledged") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 3590)));
  REQUIRE(lab.network.rekeys.size() == 2);
  check_tek(*lab.network.rekeys.back().what.rekey.policy, 0x2222);
  REQUIRE(lab.acknowledgements().size() == 2);
  CHECK(lab.acknowledgements().back().sequence == 2);
  CHECK(lab.next_registration() > 3300s);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("numbers may jump, but never go back") {
  RekeyLab lab{asking()};
  std::vector<ks::Octets> pushes;
  for (std::uint32_t i = 0; i < 10; ++i)
    pushes.push_back(lab.rekeyer->push(ks::tek_group(100 + i)));
  lab.push(pushes[0]);
  lab.push(pushes[7]);
  CHECK(lab.network.rekeys.size() == 2);
  for (const std::size_t i : {0U, 1U, 3U, 6U}) {
    lab.check_untouched(pushes[i]);
    CHECK(lab.dropped() == "unexpected: old sequence number of a PUSH");
  }
  lab.push(pushes[8]);
  CHECK(lab.network.rekeys.back().what.rekey.sequence.value == 9);
  CHECK(lab.network.member().rekey_sas().front().last_sequence.value == 9);
}

TEST_CASE("the number of the registration counts") {
  RekeyLab lab;
  const auto old = lab.rekeyer->push(ks::tek_group(0x2222));
  const auto next = lab.rekeyer->push(ks::tek_group(0x3333));
  lab.key_server.script().group.sequence = 1;
  lab.network.reregister();
  lab.network.run(1s);
  lab.check_untouched(old);
  lab.push(next);
  CHECK(lab.network.rekeys.size() == 1);
}

TEST_CASE("a registration that knows less does not open the door to old rekeys") {
  RekeyLab lab;
  const auto first = lab.rekeyer->push(ks::tek_group(0x2222));
  lab.push(first);
  lab.push(lab.rekeyer->push(ks::tek_group(0x3333)));
  lab.network.reregister();  // the key server says 0 again
  lab.network.run(1s);
  REQUIRE(lab.network.policies.size() == 2);
  lab.check_untouched(first);
  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  CHECK(lab.network.rekeys.size() == 3);
}

TEST_CASE("a thousand rekeys need no second registration") {
  auto kek = asking();
  kek.signer = &ks::Signer::ecdsa("P-256");
  RekeyLab lab{kek};
  for (std::uint32_t i = 0; i < 1000; ++i) {
    lab.network.send(server, lab.rekeyer->push(ks::tek_group(0x10000 + i, 120)));
    lab.network.run(50s);
  }
  CHECK(lab.network.rekeys.size() == 1000);
  CHECK(lab.acknowledgements().size() == 1000);
  CHECK(lab.key_server.seen().complaints.empty());
  CHECK(lab.network.started.size() == 1);
  CHECK(lab.network.drops.empty());
}

}  // namespace rekey_test
