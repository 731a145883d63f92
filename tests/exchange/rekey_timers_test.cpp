// SPDX-License-Identifier: GPL-2.0-or-later
// When the member registers again although it is rekeyed, and what happens when it is not.
#include "tests/exchange/rekey_lab.h"

namespace rekey_timers_test {

using namespace exchange;

namespace {

ks::Kek living(unsigned seconds_to_live) {
  auto out = ks::lab_kek();
  out.life = seconds_to_live;
  return out;
}

// within: the next registration begins max(60 s, 5 %) and up to 2 % before `life` is over.
void within(const RekeyLab& lab, seconds life) {
  const milliseconds whole{life};
  const milliseconds floor = std::max<milliseconds>(60s, whole / 20);
  CHECK(lab.next_registration() <= whole - floor);
  CHECK(lab.next_registration() >= whole - floor - whole / 50 - 1100ms);
}

}  // namespace

TEST_CASE("each rekey puts the next registration off to before its TEK's end") {
  RekeyLab lab;
  within(lab, 3600s);
  lab.network.run(3000s);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 3600)));
  within(lab, 3600s);
  lab.network.run(3000s);
  lab.push(lab.rekeyer->push(ks::tek_group(0x3333, 7200)));
  within(lab, 7200s);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("a rekey with a shorter TEK brings the next registration forward") {
  RekeyLab lab;
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 600)));
  within(lab, 600s);
  lab.network.run(700s);
  CHECK(lab.network.policies.size() == 2);
}

TEST_CASE("the end of the KEK counts as well, also after a rekey") {
  RekeyLab lab{living(5000)};
  lab.network.run(2999s - 100ms);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 3600)));
  // 2000 s are left of the KEK; how long before its end was settled when it came.
  CHECK(lab.next_registration() <= 2000s - 180s);
  CHECK(lab.next_registration() >= 2000s - 252s - 1100ms);
  lab.push(lab.rekeyer->announce(ks::tek_group(0x3333, 3600), ks::another_kek(2, living(5000))));
  within(lab, 3600s);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("a KEK that nobody replaces makes the member register before it ends") {
  RekeyLab lab{living(1800)};
  for (std::uint32_t i = 0; i < 30; ++i) {
    lab.network.send(server, lab.rekeyer->push(ks::tek_group(0x2000 + i)));
    lab.network.run(60s);
  }
  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.network.policies.back().at - lab.network.begin() < 1710s + 5s);
  CHECK(lab.network.policies.back().at - lab.network.begin() > 1674s - 5s);
}

TEST_CASE("two members with the same rekey do not register at the same time") {
  std::set<milliseconds> waits;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    RekeyLab lab{ks::lab_kek(), member_config({server}), seed};
    lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
    waits.insert(lab.next_registration());
  }
  CHECK(waits.size() == 10);
  CHECK(*waits.rbegin() - *waits.begin() > 10s);
}

TEST_CASE("TEKs of a second do not make the member spin") {
  RekeyLab lab;
  lab.key_server.script().group = ks::tek_group(0x2222, 1);
  ks::add_kek(lab.key_server.script().group, lab.rekeyer->kek());
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 1)));
  const auto before = lab.network.started.size();
  lab.network.run(60s);
  CHECK(lab.network.started.size() - before <= 60);
  CHECK(lab.network.started.size() - before >= 20);
}

TEST_CASE("without a key server the policy is over with its last TEK, to the instant") {
  RekeyLab lab;
  lab.network.run(1000s);
  lab.network.send(server, lab.rekeyer->push(ks::tek_group(0x2222, 3600)));
  lab.network.run(lab.network.delay);
  const Instant end = lab.network.now() + 3600s;
  lab.network.plug(server, false);
  lab.network.run(std::chrono::duration_cast<milliseconds>(end - lab.network.now()) - 1ms);
  CHECK(lab.network.status().registered_with);
  lab.network.run(1ms);
  CHECK_FALSE(lab.network.status().registered_with);
  CHECK_FALSE(lab.network.registered());

  SECTION("and the group is joined again when there is one") {
    lab.network.run(5h);
    CHECK_FALSE(lab.network.status().registered_with);
    lab.network.plug(server, true);
    lab.network.run(10min);
    CHECK(lab.network.registered());
    CHECK(lab.network.status().registered_with);
  }
}

TEST_CASE("a KEK is over with its life, whatever comes then") {
  RekeyLab lab{living(600)};
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  const Instant end = lab.network.policies.front().at + 600s;
  silence(lab);
  lab.network.run(std::chrono::duration_cast<milliseconds>(end - lab.network.now()) - 50ms);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  SECTION("just in time") {
    lab.network.inject(endpoint(server), push);
    CHECK(lab.network.rekeys.size() == 1);
  }
  SECTION("too late") {
    lab.network.run(1s);
    CHECK(lab.network.member().rekey_sas().empty());
    lab.check_untouched(push);
    CHECK(lab.dropped() == "unexpected: cookies of no KEK");
  }
}

TEST_CASE("reregister keeps what is there until the new policy comes") {
  RekeyLab lab;
  lab.network.plug(server, false);
  lab.network.reregister();
  lab.network.run(1s);
  CHECK(lab.network.status().registered_with);
  CHECK(lab.network.member().rekey_sas().size() == 1);
  lab.network.plug(server, true);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 1);
  lab.network.run(10s);
  CHECK(lab.network.policies.size() == 2);
}

TEST_CASE("clear forgets all keys, but not the numbers of rekeys, and registers at once") {
  RekeyLab lab;
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  lab.network.plug(server, false);
  lab.network.clear();
  CHECK_FALSE(lab.network.status().registered_with);
  CHECK(lab.network.member().rekey_sas().empty());
  CHECK(lab.network.status().state == gdoi::MemberStatus::State::registering);
  CHECK(lab.network.started.size() == 2);
  lab.check_untouched(lab.rekeyer->push(ks::tek_group(0x3333)));

  lab.network.plug(server, true);
  lab.network.run(10s);
  CHECK(lab.network.registered());
  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.network.status().rekeys.since_registration == 0);
  SECTION("a number that the KEK had seen before is old still") {
    ks::Rekeyer again{ks::lab_kek()};
    lab.push(again.push(ks::tek_group(0x4444)));
    CHECK(lab.network.rekeys.size() == 1);
    lab.push(again.push(ks::tek_group(0x5555)));
    CHECK(lab.network.rekeys.size() == 2);
  }
}

TEST_CASE("an acknowledgement that waits is forgotten with everything else") {
  auto kek = ks::lab_kek();
  kek.acknowledgement = 1;
  kek.destination = ks::host("239.1.2.3", 848);
  RekeyLab lab{kek};
  lab.network.inject(endpoint(server), lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.network.rekeys.size() == 1);
  lab.network.stop();
  lab.network.run(10s);
  CHECK(lab.acknowledgements().empty());
  CHECK_FALSE(lab.network.member().deadline());
}

}  // namespace rekey_timers_test
