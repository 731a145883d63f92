// SPDX-License-Identifier: GPL-2.0-or-later
// Registrations that succeed, and what the member makes of them.
#include "tests/exchange/lab.h"
#include "tests/support/hex.h"

namespace register_test {

using namespace exchange;
using gdoi::AccessEntry;
using support::hex;

namespace {

gdoi::AddressRange range(const std::string& first, const std::string& last) {
  return {address(first), address(last)};
}

const gdoi::TrafficSelector one_to_three{
    0, {range("10.1.0.0", "10.1.0.255"), 0}, {range("10.3.0.0", "10.3.0.255"), 0}};
const gdoi::TrafficSelector three_to_one{
    0, {range("10.3.0.0", "10.3.0.255"), 0}, {range("10.1.0.0", "10.1.0.255"), 0}};

}  // namespace

TEST_CASE("a member registers and receives the group's policy") {
  Lab lab;
  const auto& policy = lab.policy();

  CHECK(policy.entries ==
        std::vector<AccessEntry>{{AccessEntry::Action::permit, one_to_three, {lab_spi}},
                                 {AccessEntry::Action::permit, three_to_one, {lab_spi}}});
  REQUIRE(policy.teks.size() == 1);
  const gdoi::Tek& tek = policy.teks.front();
  CHECK(tek.policy.transform == gdoi::EspTransformId::aes_cbc);
  CHECK(tek.policy.key_bits == 128);
  CHECK(tek.policy.integrity == gdoi::IntegrityId::hmac_sha256_128);
  CHECK(tek.policy.encapsulation == gdoi::Encapsulation::tunnel);
  CHECK(tek.policy.lifetime == seconds{3600});
  CHECK(hex(tek.cipher_key.view()) == hex(ks::cipher_key(lab_spi, 16)));
  CHECK(hex(tek.integrity_key.view()) == hex(ks::integrity_key(lab_spi, 32)));
  REQUIRE(policy.kek);
  CHECK(policy.kek->policy.lifetime == seconds{86400});
  CHECK(policy.kek->policy.source == gdoi::TrafficEnd{range("10.0.0.5", "10.0.0.5"), 848});
  CHECK(policy.kek->key.size() == 16);
  CHECK(policy.kek->iv.size() == 16);
  CHECK(hex(policy.kek->signature_key) == hex(ks::rsa_public_key(2048)));
}

TEST_CASE("what happened on the way is told") {
  Lab lab;
  lab.policy();
  const auto& network = lab.network;

  REQUIRE(network.established.size() == 1);
  CHECK(network.established.front().encryption == 7);
  CHECK(network.established.front().key_bits == 256);
  CHECK(network.established.front().hash == 4);
  CHECK(network.established.front().group == 19);
  CHECK(network.started.size() == 1);
  CHECK(network.failures.empty());
  CHECK(network.drops.empty());
  CHECK(network.policies.front().what.from == endpoint("10.0.0.5"));
  CHECK(network.status().registered_with == endpoint("10.0.0.5"));
  CHECK(network.status().registrations_attempted == 1);
  CHECK(network.status().registrations_succeeded == 1);
  CHECK_FALSE(network.status().last_failure);
}

TEST_CASE("the member says good-bye to phase 1 after a registration, and greets only once") {
  Lab lab;
  lab.policy();
  CHECK(lab.key_server.seen().deletes == 1);
  CHECK(lab.key_server.seen().initial_contacts == 1);

  lab.network.reregister();
  lab.network.run(5s);

  CHECK(lab.network.policies.size() == 2);
  CHECK(lab.key_server.seen().deletes == 2);
  CHECK(lab.key_server.seen().initial_contacts == 1);
}

TEST_CASE("a group named by an address is asked for by that") {
  auto config = member_config({"10.0.0.5"});
  config.group = address("239.1.2.3");
  auto group = ks::lab_group(true);
  group.id_type = 1;
  group.id = ks::host("239.1.2.3").data;
  Lab lab{with_group(group), std::move(config)};
  CHECK(lab.policy().teks.size() == 1);
}

TEST_CASE("a registration needs no KEK") {
  Lab lab{with_group(ks::lab_group(false))};
  CHECK_FALSE(lab.policy().kek);
}

TEST_CASE("delays of a GAP arrive") {
  auto group = ks::lab_group(true);
  group.gap = ks::tv(1, 30) + ks::tv(2, 60);
  Lab lab{with_group(group)};
  CHECK(lab.policy().activation_delay == seconds{30});
  CHECK(lab.policy().deactivation_delay == seconds{60});
}

TEST_CASE("sender IDs arrive") {
  auto group = ks::lab_group(true);
  group.packets.push_back({4, {}, ks::tv(1, 16) + ks::tlv(2, ks::be(0x1234, 2))});
  Lab lab{with_group(group)};
  REQUIRE(lab.policy().sender_ids);
  CHECK(lab.policy().sender_ids->bits == 16);
  CHECK(lab.policy().sender_ids->values == std::vector<std::uint32_t>{0x1234});
}

TEST_CASE("during a rollover one selector has two TEKs, in the key server's order") {
  auto group = ks::lab_group(true);
  const auto old = group.sats;
  for (auto sat : old) {
    sat.spi = 77777;
    group.sats.push_back(sat);
  }
  group.packets.push_back(ks::tek_packet(77777, 16, 32));
  Lab lab{with_group(group)};
  const auto& entries = lab.policy().entries;
  REQUIRE(entries.size() == 4);
  CHECK(entries[0].selector == entries[2].selector);
  CHECK(entries[0].spi == gdoi::Spi{lab_spi});
  CHECK(entries[2].spi == gdoi::Spi{77777});
  CHECK(lab.policy().teks.size() == 2);
}

TEST_CASE("a key without a SAT is counted and left out") {
  auto group = ks::lab_group(true);
  group.packets.push_back(ks::tek_packet(0x5555, 16, 32));
  Lab lab{with_group(group)};
  CHECK(lab.policy().teks.size() == 1);
  CHECK(lab.policy().ignored_keys == 1);
}

TEST_CASE("a SAK without a KEK key packet leaves the TEKs, and no rekeys are awaited") {
  auto group = ks::lab_group(true);
  group.packets.pop_back();
  const bool with_sequence = GENERATE(true, false);
  if (!with_sequence) group.sequence.reset();
  Lab lab{with_group(group)};
  CHECK(lab.policy().kek_without_key);
  CHECK_FALSE(lab.policy().kek.has_value());
  CHECK(lab.policy().teks.size() == 1);
  REQUIRE(lab.network.status().reregister_at);
}

TEST_CASE("a SAT with SPI 0 is a deny entry in its place, or skipped on demand") {
  auto group = ks::lab_group(true);
  auto deny = group.sats.front();
  deny.spi = 0;
  deny.source = ks::subnet("10.9.0.0", 16);
  group.sats.insert(group.sats.begin(), deny);

  auto config = member_config({"10.0.0.5"});
  using gdoi::TekWithoutKey;
  const auto keyless = GENERATE(TekWithoutKey::deny, TekWithoutKey::bypass, TekWithoutKey::reject);
  const bool bypass = keyless != TekWithoutKey::reject;
  config.tek_without_key = keyless;
  Lab lab{with_group(group), std::move(config)};
  const auto& policy = lab.policy();

  CHECK(policy.entries.size() == (bypass ? 3 : 2));
  CHECK(policy.skipped_entries == (bypass ? 0 : 1));
  CHECK((policy.entries.front().action == AccessEntry::Action::deny) == bypass);
}

TEST_CASE("a list of a thousand lines arrives whole and in order") {
  auto group = ks::lab_group(true);
  group.sats.clear();
  for (unsigned i = 0; i < 1000; ++i)
    group.sats.push_back(
        {1, 6, ks::subnet("10.1." + std::to_string(i % 250) + ".0", 24, 1 + i / 250),
         ks::subnet("10.3.0.0", 16, 0), 12, lab_spi, ks::aes_sha256(128, 3600), 1});
  Lab lab{with_group(group)};
  const auto& entries = lab.policy().entries;
  REQUIRE(entries.size() == 1000);
  for (unsigned i = 0; i < 1000; ++i) REQUIRE(entries[i].selector.source.port == 1 + i / 250);
}

TEST_CASE("R-U-THERE is answered during a registration, and never twice for an older number") {
  Network network{member_config({"10.0.0.5"})};
  ks::Script script;
  script.instead[ks::Step::pull2] = {};  // keeps the member waiting
  auto& key_server = network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(500ms);
  REQUIRE(key_server.has_phase1());

  network.deliver("10.0.0.5", key_server.are_you_there(7));
  network.deliver("10.0.0.5", key_server.are_you_there(8));
  network.deliver("10.0.0.5", key_server.are_you_there(7));
  network.run(100ms);
  CHECK(key_server.seen().alive_answers == std::vector<std::uint32_t>{7, 8});
  CHECK(key_server.seen().complaints.empty());
}

TEST_CASE("a key server that repeats PULL message 4 hears the good-bye again") {
  gdoi::Bytes message_4;
  Network network{member_config({"10.0.0.5"})};
  auto& key_server = network.attach("10.0.0.5");
  network.tap = [&](Way way, gdoi::Bytes& datagram) {
    if (way == Way::to_member) message_4 = datagram;
    return true;
  };
  network.start();
  network.run(5s);
  REQUIRE(network.registered());
  const auto farewell = network.sent.back().datagram;
  const auto deadline = network.member().deadline();

  network.inject(endpoint("10.0.0.5"), message_4);
  network.run(1s);
  CHECK(network.sent.back().datagram == farewell);
  CHECK(key_server.seen().deletes == 2);
  CHECK(network.member().deadline() == deadline);
  CHECK(network.policies.size() == 1);

  SECTION("but not without end") {
    for (int i = 0; i < 100; ++i) network.inject(endpoint("10.0.0.5"), message_4);
    network.run(1s);
    CHECK(key_server.seen().deletes <= 6);
  }
}

TEST_CASE("stop in the middle of a registration deletes phase 1 and leaves nothing to do") {
  Network network{member_config({"10.0.0.5"})};
  ks::Script script;
  script.instead[ks::Step::pull2] = {};
  auto& key_server = network.attach("10.0.0.5", std::move(script));
  network.start();
  network.run(500ms);
  network.stop();
  network.run(100ms);

  CHECK(key_server.seen().deletes == 1);
  CHECK_FALSE(network.member().deadline());
  CHECK(network.status().state == gdoi::MemberStatus::State::idle);
  SECTION("and the member can be started again") {
    key_server.script().instead.clear();
    network.start();
    network.run(5s);
    CHECK(network.registered());
  }
}

TEST_CASE("a GROUPKEY-PUSH is not taken for something else") {
  Lab lab;
  lab.policy();
  REQUIRE(lab.network.registered());
  gdoi::Bytes push = lab.network.sent.back().datagram;
  push[18] = std::byte{33};
  lab.network.inject(endpoint("10.0.0.5"), push);
  REQUIRE_FALSE(lab.network.drops.empty());
  CHECK(lab.network.drops.back().where == "message ID of a PUSH");
  CHECK(lab.network.registered());
}

}  // namespace register_test
