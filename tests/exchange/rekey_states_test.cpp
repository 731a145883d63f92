// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH in every state of the member, from every direction.
#include "tests/exchange/rekey_lab.h"

namespace rekey_states_test {

using namespace exchange;
using State = gdoi::MemberStatus::State;

namespace {

ks::Kek asking() {
  auto out = ks::lab_kek();
  out.acknowledgement = 1;
  return out;
}

}  // namespace

TEST_CASE("a rekey from another address and port is the group's as well") {
  RekeyLab lab{asking()};
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  const auto other = endpoint("198.51.100.9", 40000);
  lab.network.inject(other, push);
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.rekeys.front().what.from == other);
  CHECK(lab.network.sent.back().to == other);
  CHECK(lab.rekeyer->check(lab.network.sent.back().datagram).sequence == 1);
  CHECK(lab.network.status().rekeys.last_from == other);
  CHECK(lab.network.status().registered_with == endpoint(server));
}

TEST_CASE("a member that was never started, or was stopped, hears no rekeys") {
  RekeyLab lab{asking()};
  const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
  Network idle{member_config({server})};
  idle.inject(endpoint(server), push);
  REQUIRE(idle.drops.size() == 1);
  CHECK(told(idle.drops.front()) == "unexpected: PUSH while idle");
  CHECK_FALSE(idle.member().deadline());

  lab.network.stop();
  lab.network.run(100ms);
  CHECK(lab.network.member().rekey_sas().empty());
  lab.check_untouched(push);
  CHECK_FALSE(lab.network.member().deadline());
}

TEST_CASE("a member that has not registered yet hears no rekeys") {
  ks::Rekeyer rekeyer{asking()};
  Network network{member_config({server})};
  network.start();
  const auto before = state_of(network);
  network.inject(endpoint(server), rekeyer.push(ks::tek_group(0x2222)));
  CHECK(state_of(network) == before);
  CHECK(told(network.drops.back()) == "unexpected: cookies of no KEK");
}

TEST_CASE("a rekey during a registration is taken, and the registration goes on") {
  RekeyLab lab{asking()};
  ks::Octets push;
  unsigned reply = 0;
  const unsigned at = GENERATE(0U, 1U, 2U, 3U, 4U);
  lab.network.tap = [&](Way way, gdoi::Bytes&) {
    if (way == Way::to_member && push.empty() && reply++ == at) {
      push = lab.rekeyer->push(ks::tek_group(0x2222));
      auto group = ks::tek_group(0x2222);
      ks::add_kek(group, lab.rekeyer->kek(), 1);
      lab.key_server.script().group = group;
      lab.network.send(server, push);
    }
    return true;
  };
  lab.network.reregister();
  lab.network.run(5s);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.network.registered());
  CHECK(lab.network.failures.empty());
  // Whichever came last, the copy is known.
  lab.push(push);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().size() == 2);
}

TEST_CASE("a rekey while a registration fails keeps the member in the group") {
  RekeyLab lab{asking()};
  silence(lab);
  lab.network.run(1h, [&] { return lab.network.status().state == State::waiting; });
  REQUIRE(lab.network.status().state == State::waiting);
  REQUIRE(lab.network.status().registered_with);
  const auto attempts = lab.network.started.size();

  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.registered());
  CHECK(lab.next_registration() > 3000s);
  lab.network.run(3000s);
  CHECK(lab.network.started.size() == attempts);
}

TEST_CASE("a rekey after the last TEK ended, while the member waits, brings it back") {
  RekeyLab lab{asking()};
  silence(lab);
  lab.network.run(4000s);
  REQUIRE_FALSE(lab.network.status().registered_with);
  lab.network.run(10min, [&] { return lab.network.status().state == State::waiting; });
  REQUIRE(lab.network.status().state == State::waiting);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.registered());
  CHECK(lab.network.status().registered_with == endpoint(server));
  CHECK(lab.next_registration() > 3000s);
}

TEST_CASE("a short-lived rekey does not end a rest early that is shorter still") {
  RekeyLab lab{asking()};
  silence(lab);
  lab.network.run(1h, [&] { return lab.network.status().state == State::waiting; });
  REQUIRE(lab.network.status().state == State::waiting);
  const auto retry = lab.network.status().retry_at;
  REQUIRE(*retry - lab.network.now() > 3s);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222, 4)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.status().state == State::waiting);
  CHECK(lab.network.status().retry_at == retry);
}

TEST_CASE("a multicast group is listened to as long as a KEK names it") {
  auto kek = asking();
  kek.destination = ks::host("239.1.2.3", 848);
  RekeyLab lab{kek};
  REQUIRE(lab.network.listens.size() == 1);

  auto next = ks::another_kek(2, kek);
  next.destination = ks::host("239.1.2.4", 0);
  lab.push(lab.rekeyer->announce(ks::tek_group(0x2222), next));
  REQUIRE(lab.network.listens.size() == 2);
  CHECK(lab.network.listens.back().groups ==
        std::vector{endpoint("239.1.2.3"), endpoint("239.1.2.4")});

  lab.push(lab.rekeyer->push(ks::tek_group(0x3333)));
  REQUIRE(lab.network.listens.size() == 3);
  CHECK(lab.network.listens.back().groups == std::vector{endpoint("239.1.2.4")});

  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  CHECK(lab.network.listens.size() == 3);

  SECTION("and none after the member stopped") {
    lab.network.stop();
    REQUIRE(lab.network.listens.size() == 4);
    CHECK(lab.network.listens.back().groups.empty());
  }
  SECTION("and none after it was deleted") {
    lab.push(lab.rekeyer->push(deleting({ks::delete_keks()})));
    REQUIRE(lab.network.listens.size() == 4);
    CHECK(lab.network.listens.back().groups.empty());
  }
  SECTION("and none after it expired") {
    lab.network.tap = [](Way, gdoi::Bytes&) { return false; };
    lab.network.run(25h);
    REQUIRE(lab.network.listens.size() == 4);
    CHECK(lab.network.listens.back().groups.empty());
  }
}

TEST_CASE("a unicast KEK is nothing to listen for") {
  RekeyLab lab{asking()};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.listens.empty());
}

TEST_CASE("a rekey through a key tree is refused by name, and a registration follows") {
  RekeyLab lab{asking()};
  // RFC 6407 section 5.6.3: an LKH packet with an update array of one key.
  const ks::Octets key = ks::be(2, 2) + ks::be(3, 1) + ks::be(0, 1) + ks::be(0, 4) + ks::be(0, 4) +
                         ks::be(7, 4) + ks::repeated(0x42, 32);
  const ks::Octets update =
      ks::be(1, 1) + ks::be(1, 2) + ks::be(0, 1) + ks::be(4, 2) + ks::be(0, 2) + ks::be(9, 4) + key;
  auto group = ks::tek_group(0x2222);
  ks::add_kek(group, ks::another_kek(2, asking()));
  group.packets.back() = {3, group.sak->spi, ks::tlv(2, update)};
  lab.push(lab.rekeyer->push(group));

  CHECK(lab.network.rekeys.empty());
  REQUIRE(lab.network.refused.size() == 1);
  CHECK(told(lab.network.refused.front().why) == "unsupported: PUSH that updates an LKH key tree");
  CHECK(lab.acknowledgements().empty());
  CHECK(lab.network.status().registered_with);
  CHECK(lab.next_registration() <= 6250ms);
  lab.network.run(10s);
  CHECK(lab.network.policies.size() == 2);
}

TEST_CASE("a key server that always pushes what we refuse does not make us spin") {
  RekeyLab lab{asking()};
  auto group = ks::tek_group(0x2222);
  group.packets.clear();
  for (int i = 0; i < 600; ++i) {
    lab.network.send(server, lab.rekeyer->push(group));
    lab.network.run(1s);
  }
  CHECK(lab.network.refused.size() == 600);
  CHECK(lab.network.started.size() < 600 / 4);
}

}  // namespace rekey_states_test
