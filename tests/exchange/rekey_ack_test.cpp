// SPDX-License-Identifier: GPL-2.0-or-later
// Acknowledgements (RFC 8263) as a key server checks them that shares no code with the member.
#include "tests/exchange/rekey_lab.h"

namespace rekey_ack_test {

using namespace exchange;

namespace {

ks::Kek asking(unsigned type, std::size_t key = 16) {
  auto out = ks::lab_kek();
  out.key.resize(key, std::byte{0x77});
  out.acknowledgement = type;
  return out;
}

gdoi::MemberConfig with_length(gdoi::AckKeyLength length) {
  auto out = member_config({server});
  out.ack_key_length = length;
  return out;
}

}  // namespace

TEST_CASE("acknowledgements of types 1 and 3 verify, with each reading of L") {
  using gdoi::AckKeyLength;
  struct Kind {
    unsigned type;
    AckKeyLength length;
    std::size_t key;
    unsigned bits;
  };
  const auto kind = GENERATE(values<Kind>({
      {1, AckKeyLength::block, 16, 512},
      {1, AckKeyLength::output, 16, 256},
      {1, AckKeyLength::base_key, 16, 128},
      {1, AckKeyLength::base_key, 24, 192},
      {1, AckKeyLength::base_key, 32, 256},
      {3, AckKeyLength::block, 16, 1024},
      {3, AckKeyLength::output, 24, 512},
      {3, AckKeyLength::base_key, 16, 128},
      {3, AckKeyLength::base_key, 24, 192},
  }));
  CAPTURE(kind.type, kind.bits, kind.key);
  RekeyLab lab{asking(kind.type, kind.key), with_length(kind.length)};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.acknowledgements().size() == 1);
  CHECK(lab.acknowledgements().front().type == kind.type);
  CHECK(lab.acknowledgements().front().key_bits == kind.bits);
  CHECK(lab.acknowledgements().front().sequence == 1);
  CHECK(lab.key_server.seen().complaints.empty());
}

TEST_CASE("an acknowledgement goes from port 848 of one to that of the other, once") {
  RekeyLab lab{asking(1)};
  const auto before = lab.network.sent.size();
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.network.sent.size() == before + 1);
  CHECK(lab.network.sent.back().to == endpoint(server));
  CHECK(lab.network.sent.back().datagram.size() == 28 + 4 + 32 + 8 + 12);
}

TEST_CASE("types that need a key tree get no acknowledgement, and the rekey is taken") {
  const unsigned type = GENERATE(2U, 4U);
  RekeyLab lab{asking(type)};
  const auto before = lab.network.sent.size();
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK(lab.network.rekeys.front().what.rekey.acknowledgement_type ==
        gdoi::AckType{static_cast<std::uint16_t>(type)});
  CHECK(lab.network.sent.size() == before);
  CHECK(lab.network.status().registered_with);
  CHECK(lab.next_registration() > 3000s);
}

TEST_CASE("an unknown type gets no acknowledgement, and the rekey is taken") {
  RekeyLab lab{asking(5)};
  const auto before = lab.network.sent.size();
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.network.sent.size() == before);
}

TEST_CASE("the newest KEK says whether to acknowledge, the KEK in use with which key") {
  RekeyLab lab{ks::lab_kek()};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.acknowledgements().empty());

  lab.push(lab.rekeyer->announce(ks::tek_group(0x3333), ks::another_kek(2, asking(3))));
  REQUIRE(lab.acknowledgements().size() == 1);
  CHECK(lab.acknowledgements().front().spi == ks::lab_kek().spi);
  CHECK(lab.acknowledgements().front().type == 3);

  lab.push(lab.rekeyer->announce(ks::tek_group(0x4444), ks::another_kek(3, ks::lab_kek())));
  CHECK(lab.network.rekeys.size() == 3);
  CHECK(lab.acknowledgements().size() == 1);
}

TEST_CASE("a registration at another address is what later acknowledgements name") {
  auto config = member_config({server});
  config.local_address = address("192.0.2.77");
  RekeyLab lab{asking(1), std::move(config)};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  REQUIRE(lab.acknowledgements().size() == 1);
  CHECK(lab.acknowledgements().front().member == ks::host("192.0.2.77").data);
}

TEST_CASE("this key server would notice an acknowledgement with any octet changed") {
  RekeyLab lab{asking(1)};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  const auto good = lab.network.sent.back().datagram;
  REQUIRE_NOTHROW(lab.rekeyer->check(good));
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto bent = good;
    bent[i] ^= std::byte{1};
    CAPTURE(i);
    CHECK_THROWS_AS(lab.rekeyer->check(bent), ks::Bad);
  }
}

TEST_CASE("a rekey to a multicast group is acknowledged within five seconds, not at once by all") {
  std::set<milliseconds> delays;
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    auto kek = asking(1);
    kek.destination = ks::host("239.1.2.3", 848);
    RekeyLab lab{kek, member_config({server}), seed};
    REQUIRE(lab.network.listens.size() == 1);
    CHECK(lab.network.listens.front().groups == std::vector{endpoint("239.1.2.3")});

    const auto push = lab.rekeyer->push(ks::tek_group(0x2222));
    const Instant arrival = lab.network.now() + lab.network.delay;
    const auto before = lab.network.sent.size();
    lab.network.send(server, push);
    lab.network.run(10ms);
    lab.network.send(server, push);  // a copy asks for no second one
    lab.network.run(10s);
    REQUIRE(lab.network.sent.size() >= before + 1);
    const auto delay =
        std::chrono::duration_cast<milliseconds>(lab.network.sent[before].at - arrival);
    CHECK(delay <= 5s);
    delays.insert(delay);
    if (delay > 10ms) CHECK(lab.network.sent.size() == before + 1);
    CHECK(lab.acknowledgements().front().sequence == 1);
    CHECK(lab.network.status().rekeys.multicast == 1);
    CHECK(lab.network.status().rekeys.unicast == 0);
  }
  CHECK(delays.size() > 5);
  CHECK(*delays.rbegin() - *delays.begin() > 1s);
}

}  // namespace rekey_ack_test
