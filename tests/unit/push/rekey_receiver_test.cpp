// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/rekey_receiver.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/push/pushes.h"

namespace rekey_receiver_test {

using namespace gdoi;
using namespace push_test;

namespace {

Address multicast() {
  Address out = member;
  out.bytes = {};
  out.bytes[0] = std::byte{239};
  return out;
}

// Fixture follows one KEK; `to` is where its rekeys go.
struct Fixture {
  explicit Fixture(const Address& to = member, std::optional<AckType> ack = AckType{1}) {
    Kek adopted = downloaded(kek);
    adopted.policy.acknowledgement = ack;
    adopted.policy.destination.addresses = {to, to};
    adopted.policy.destination.port = 848;
    REQUIRE(receiver.adopt(std::move(adopted), member, noon));
  }
  // receive takes a PUSH from `server`; the token is its sequence number, too.
  Result<RekeyReceiver::Received> receive(const Push& push, std::uint64_t token, Instant now) {
    const Bytes octets = datagram(kek, push);
    return receiver.receive(Datagram::parse(server, octets), PushSender::key_server, {token}, now);
  }

  ks::Kek kek;
  Endpoint server{member, 848};
  support::SeededRandom random{1};
  RekeyReceiver receiver{{{}, seconds{5}}, random};
};

}  // namespace

TEST_CASE("of a KEK it is told what verifies its rekeys, and how many there were") {
  Fixture f;
  const auto keks = f.receiver.keks();
  REQUIRE(keks.size() == 1);
  CHECK(keks[0].signature_key == downloaded(f.kek).signature_key);
  CHECK(keks[0].signature_octets >= 128);
  CHECK(f.receiver.keks_taken() == 1);
  REQUIRE(f.receiver.adopt(downloaded(f.kek), member, noon + seconds{1}));
  CHECK(f.receiver.keks_taken() == 1);
  f.receiver.clear();
  CHECK(f.receiver.keks().empty());
  REQUIRE(f.receiver.adopt(downloaded(f.kek), member, noon + seconds{2}));
  CHECK(f.receiver.keks_taken() == 2);
}

TEST_CASE("a rekey is handed over with its token, and acknowledged when it is installed") {
  Fixture f;
  const auto received = f.receive(tek_push(1, 7), 41, noon);
  REQUIRE(received);
  REQUIRE(received->actions.size() == 1);
  CHECK_FALSE(received->refused);
  const auto& install = std::get<InstallRekey>(received->actions.front());
  CHECK(install.token == InstallToken{41});
  CHECK(install.from == f.server);
  CHECK(f.receiver.awaits({41}));
  CHECK_FALSE(f.receiver.awaits({40}));
  CHECK(f.receiver.status().unicast == 0);

  const auto installed = f.receiver.installed(noon + seconds{1});
  CHECK_FALSE(f.receiver.awaits({41}));
  REQUIRE(installed.teks);
  CHECK(installed.teks->ends() == noon + install.rekey.policy->teks.front().policy.lifetime);
  REQUIRE(installed.actions.size() == 1);
  CHECK(std::get<Send>(installed.actions.front()).to == f.server);
  CHECK(f.receiver.status().unicast == 1);
  CHECK(f.receiver.status().acknowledgements_sent == 1);
  CHECK(f.receiver.status().last_sequence == SequenceNumber{1});
  CHECK(f.receiver.status().last_at == noon + seconds{1});
}

TEST_CASE("no other rekey is taken while one is being installed") {
  Fixture f;
  REQUIRE(f.receive(tek_push(1, 7), 1, noon));
  CHECK(support::failure(f.receive(tek_push(2, 8), 2, noon)) ==
        "unexpected: PUSH while a rekey is being installed");
  CHECK(f.receiver.awaits({1}));
  f.receiver.install_failed();
  CHECK_FALSE(f.receiver.awaits({1}));
  CHECK(f.receive(tek_push(2, 8), 2, noon));
  CHECK(f.receiver.status().unicast == 0);
}

TEST_CASE("an acknowledgement of a multicast rekey is delayed, and a copy does not send it early") {
  Fixture f{multicast()};
  REQUIRE(f.receive(tek_push(1, 7), 1, noon));
  CHECK(f.receiver.delayed_until() == std::nullopt);
  CHECK(f.receiver.installed(noon).actions.empty());
  CHECK(f.receiver.status().multicast == 1);
  const auto until = f.receiver.delayed_until();
  REQUIRE(until);
  CHECK(*until <= noon + seconds{5});

  const auto copy = f.receive(tek_push(1, 7), 2, noon);
  REQUIRE(copy);
  REQUIRE(copy->actions.size() == 1);
  CHECK(std::holds_alternative<RekeyRepeated>(copy->actions.front()));

  CHECK(f.receiver.send_delayed(*until - milliseconds{1}).empty());
  CHECK(f.receiver.send_delayed(*until).size() == 1);
  CHECK(f.receiver.delayed_until() == std::nullopt);
  const auto again = f.receive(tek_push(1, 7), 2, noon);
  REQUIRE(again);
  CHECK(again->actions.size() == 2);  // the acknowledgement once more
  CHECK(f.receiver.status().repeated == 2);
}

TEST_CASE("delayed acknowledgements leave in the order they are due") {
  Fixture f{multicast()};
  for (std::uint32_t i = 1; i <= 5; ++i) {
    REQUIRE(f.receive(tek_push(i, 6 + i), i, noon));
    static_cast<void>(f.receiver.installed(noon));
  }
  std::size_t sent = 0;
  Instant before = noon;
  while (const auto until = f.receiver.delayed_until()) {
    CHECK(*until >= before);
    before = *until;
    sent += f.receiver.send_delayed(*until).size();
  }
  CHECK(sent == 5);
}

TEST_CASE("a whole list is newer than policies sent before it came, even while it is installed") {
  Fixture f;
  CHECK_FALSE(f.receiver.list_is_newer_than(noon));
  REQUIRE(f.receive(tek_push(1, 7), 1, noon));
  CHECK(f.receiver.list_is_newer_than(noon));
  CHECK_FALSE(f.receiver.list_is_newer_than(noon + seconds{1}));
  SECTION("and stays so when it is") {
    static_cast<void>(f.receiver.installed(noon + seconds{2}));
    CHECK(f.receiver.list_is_newer_than(noon));
    CHECK_FALSE(f.receiver.list_is_newer_than(noon + seconds{1}));
  }
  SECTION("but not when it could not be") {
    f.receiver.install_failed();
    CHECK_FALSE(f.receiver.list_is_newer_than(noon));
  }
}

TEST_CASE("the multicast groups are told when they change") {
  Fixture f{multicast()};
  CHECK_FALSE(f.receiver.expects_unicast());
  const auto groups = f.receiver.changed_groups();
  REQUIRE(groups);
  CHECK(groups->groups == std::vector{Endpoint{multicast(), 848}});
  CHECK_FALSE(f.receiver.changed_groups());
  f.receiver.expire(noon + std::chrono::hours{1});
  CHECK_FALSE(f.receiver.has_kek());
  REQUIRE(f.receiver.changed_groups());
  Fixture alone;
  CHECK(alone.receiver.expects_unicast());
  CHECK_FALSE(alone.receiver.changed_groups());
}

TEST_CASE("a refused rekey is counted, and asks for nothing to be installed") {
  Fixture f;
  auto push = tek_push(1, 7);
  push.parts.back() = kd({tek_packet(8)});  // a SAT whose key is missing
  const auto received = f.receive(push, 1, noon);
  REQUIRE(received);
  CHECK(received->refused);
  CHECK(std::holds_alternative<RekeyRefused>(received->actions.front()));
  CHECK_FALSE(f.receiver.awaits({1}));
  CHECK(f.receiver.status().refused == 1);
}

TEST_CASE("a registration without a KEK, or with one of no use, ends the rekeys") {
  Fixture f;
  REQUIRE(f.receive(tek_push(1, 7), 1, noon));
  static_cast<void>(f.receiver.installed(noon));
  CHECK(f.receiver.status().since_registration == 1);
  SECTION("none") { CHECK(f.receiver.adopt(std::nullopt, member, noon)); }
  SECTION("of no use") {
    Kek kek = downloaded(f.kek);
    kek.policy.signature = SignatureAlgorithm::dss;
    CHECK_FALSE(f.receiver.adopt(std::move(kek), member, noon));
  }
  CHECK_FALSE(f.receiver.has_kek());
  CHECK(f.receiver.status().since_registration == 0);
  CHECK(f.receiver.status().unicast == 1);
}

TEST_CASE("a cleared receiver knows nothing but its counters") {
  Fixture f{multicast()};
  REQUIRE(f.receive(tek_push(1, 7), 1, noon));
  static_cast<void>(f.receiver.installed(noon));
  f.receiver.clear();
  CHECK_FALSE(f.receiver.has_kek());
  CHECK_FALSE(f.receiver.knows(spi_of(f.kek)));
  CHECK(f.receiver.delayed_until() == std::nullopt);
  CHECK_FALSE(f.receiver.list_is_newer_than(noon));
  CHECK(f.receiver.status().multicast == 1);
}

}  // namespace rekey_receiver_test
