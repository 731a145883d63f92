// SPDX-License-Identifier: GPL-2.0-or-later
// Registration and rekeys through a NAT: RFC 3947 and RFC 3948 as far as a group member needs them.
#include "tests/exchange/rekey_lab.h"
#include "tests/support/hex.h"

namespace nat_test {

using namespace exchange;

namespace {

constexpr unsigned vid = 13, nat_d = 20, nat_d_draft = 130;
const std::string rfc_3947 = "4a131c81070358455c5728f20e95452f",
                  draft_03 = "7d9419a65310ca6f2c179d9215529d56",
                  draft_07 = "439b59f8ba676c4c7737ae22eab8f582";

gdoi::MemberConfig traversing() {
  auto out = member_config({server});
  out.phase1.nat_traversal = true;
  return out;
}

// A key server that announces `vendor_id` and sees both ends elsewhere than they see themselves.
ks::Script behind_nat(const std::string& vendor_id = rfc_3947, unsigned type = nat_d) {
  ks::Script out;
  const auto announced = support::octets(vendor_id);
  out.edit = [announced, type](ks::Step at, ks::Payloads& payloads) {
    if (at == ks::Step::mm2) payloads.push_back({vid, announced});
    if (at != ks::Step::mm4) return;
    for (const std::uint8_t octet : {std::uint8_t{0xaa}, std::uint8_t{0xbb}})
      payloads.push_back({type, ks::repeated(octet, 32)});
  };
  return out;
}

bool floated(const Network::Sent& sent) {
  return sent.to == endpoint(server, 4500) && sent.from_port == 4500;
}

bool stayed(const Network::Sent& sent) {
  return sent.to == endpoint(server) && sent.from_port == 848;
}

bool is_from_message_5_on(const Network::Sent& sent) {
  const bool main_mode = sent.datagram[18] == std::byte{2};
  const bool encrypted = (sent.datagram[19] & std::byte{1}) != std::byte{0};
  return !main_mode || encrypted;
}

// A registered member behind a NAT, whose key server pushes.
struct NatLab {
  explicit NatLab(ks::Kek kek)
      : rekeyer{std::make_shared<ks::Rekeyer>(std::move(kek))}, lab{script(), traversing()} {
    lab.network.run(5s, [&] { return lab.network.registered(); });
    REQUIRE(lab.network.registered());
    lab.network.run(100ms);
  }
  ks::Script script() {
    auto out = behind_nat();
    ks::add_kek(out.group, rekeyer->kek());
    out.rekeyer = rekeyer;
    return out;
  }

  std::shared_ptr<ks::Rekeyer> rekeyer;
  Lab lab;
};

}  // namespace

TEST_CASE("a NAT moves phase 1 to UDP 4500 from message 5 on, and all that follows") {
  const auto [vendor_id, type] =
      GENERATE(table<std::string, unsigned>({{rfc_3947, nat_d}, {draft_03, nat_d_draft}}));
  CAPTURE(vendor_id);
  Lab lab{behind_nat(vendor_id, type), traversing()};
  REQUIRE(lab.policy().teks.size() == 1);
  lab.network.run(100ms);

  unsigned before = 0, after = 0;
  for (const auto& sent : lab.network.sent) {
    const bool moved = is_from_message_5_on(sent);
    CHECK((moved ? floated(sent) : stayed(sent)));
    ++(moved ? after : before);
  }
  CHECK(before == 2);
  CHECK(after == 4);  // messages 5, PULL 1, PULL 3, the good-bye
  const auto& seen = lab.key_server.seen();
  CHECK(seen.deletes == 1);
  CHECK(seen.complaints.empty());
  REQUIRE(seen.nat_ds.size() == 2);
  CHECK(seen.nat_ds[0].type == type);
  REQUIRE(lab.network.established.size() == 1);
  CHECK(lab.network.established[0].nat);
  CHECK(lab.network.established[0].behind_nat);
}

TEST_CASE("NAT-D is sent to a key server only that announced what we speak") {
  for (const auto& vendor_id : {std::string{"0123"}, draft_07}) {
    Lab lab{behind_nat(vendor_id), traversing()};
    REQUIRE(lab.policy().teks.size() == 1);
    CHECK(lab.key_server.seen().nat_ds.empty());
    for (const auto& sent : lab.network.sent) CHECK(stayed(sent));
  }
}

TEST_CASE("without nat-t nothing is announced, and a key server's NAT-D means nothing") {
  Lab lab{behind_nat()};
  REQUIRE(lab.policy().teks.size() == 1);
  CHECK(lab.key_server.seen().nat_ds.empty());
  for (const auto& sent : lab.network.sent) CHECK(stayed(sent));
  const auto first = support::hex(lab.network.sent.front().datagram);
  CHECK(first.find(rfc_3947) == std::string::npos);
}

TEST_CASE("a key server that does not answer at UDP 4500 is asked without moving the next time") {
  auto config = traversing();
  config.timers.tries = 2;
  Lab lab{behind_nat(), std::move(config)};
  lab.network.tap = [&](Way way, gdoi::Bytes& datagram) {
    const bool encrypted = (datagram[19] & std::byte{1}) != std::byte{0};
    // What goes to 4500 is lost: of an attempt that announced NAT-T, all that is encrypted.
    return way != Way::to_key_server || !encrypted || lab.network.sent.back().to.port == 848;
  };
  lab.network.run(120s, [&] { return lab.network.registered(); });
  REQUIRE(lab.network.registered());
  CHECK(lab.network.failures.size() == 1);
  CHECK(stayed(lab.network.sent.back()));
}

TEST_CASE("a mapping is kept alive as long as unicast rekeys are to come through it") {
  auto kek = ks::lab_kek();
  kek.acknowledgement = 1;
  NatLab nat{kek};
  auto& network = nat.lab.network;
  network.run(100s);
  REQUIRE(network.kept_alive.size() == 5);  // one each 20 s
  for (const auto& one : network.kept_alive) CHECK(one.to == endpoint(server, 4500));
  CHECK(network.status().keep_alive_to == endpoint(server, 4500));

  // The rekey comes to port 4500, from wherever, and is acknowledged from there.
  network.inject(endpoint(server, 4500), nat.rekeyer->push(ks::tek_group(0x2222)), 4500);
  REQUIRE(network.rekeys.size() == 1);
  CHECK(floated(network.sent.back()));
  network.run(1s);
  REQUIRE(nat.lab.key_server.seen().acknowledgements.size() == 1);

  // Whoever stops needs no rekeys.
  network.stop();
  const auto count = network.kept_alive.size();
  network.run(100s);
  CHECK(network.kept_alive.size() == count);
  CHECK_FALSE(network.status().keep_alive_to.has_value());
}

TEST_CASE("R-U-THERE after the registration is answered by another good-bye, not without end") {
  RekeyLab lab;
  const auto deletes = lab.key_server.seen().deletes;
  for (std::uint32_t sequence = 1; sequence <= 20; ++sequence)
    lab.network.deliver(server, lab.key_server.are_you_there(sequence));
  lab.network.run(1s);
  const auto answered = lab.key_server.seen().deletes - deletes;
  CHECK(answered >= 1);
  CHECK(answered <= 5);
  CHECK(lab.key_server.seen().alive_answers.empty());
}

}  // namespace nat_test
