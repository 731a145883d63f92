// SPDX-License-Identifier: GPL-2.0-or-later
// KEKs of all kinds, and their rollover.
#include "tests/exchange/rekey_lab.h"

namespace rekey_kek_test {

using namespace exchange;
using gdoi::RekeyRole;

namespace {

ks::Kek cheap() {
  auto out = ks::lab_kek();
  out.signer = &ks::Signer::ecdsa("P-256");
  out.acknowledgement = 1;
  return out;
}

std::vector<RekeyRole> roles(Network& network) {
  std::vector<RekeyRole> out;
  for (const auto& kek : network.member().rekey_sas()) out.push_back(kek.role);
  return out;
}

}  // namespace

TEST_CASE("KEKs of every cipher and signature are followed") {
  const auto& rsa = ks::Signer::rsa(2048);
  struct Kind {
    unsigned encryption;
    std::size_t key;
    const ks::Signer* signer;
    unsigned hash;
  };
  const auto kind = GENERATE_REF(values<Kind>({
      {7, 16, &rsa, 2},
      {7, 16, &rsa, 4},
      {7, 24, &rsa, 5},
      {7, 32, &rsa, 6},
      {5, 24, &rsa, 2},
      {5, 24, &ks::Signer::rsa(1024), 4},
      {7, 16, &ks::Signer::ecdsa("P-256"), 4},
      {7, 24, &ks::Signer::ecdsa("P-384"), 5},
      {7, 32, &ks::Signer::ecdsa("P-521"), 6},
      {5, 24, &ks::Signer::ecdsa("P-521"), 6},
  }));
  CAPTURE(kind.encryption, kind.key, kind.signer->algorithm(), kind.hash);
  ks::Kek kek = ks::lab_kek();
  kek.encryption = kind.encryption;
  kek.key = ks::repeated(0x5a, kind.key);
  for (std::size_t i = 0; i < kind.key; ++i) kek.key[i] = static_cast<std::byte>(i * 29 + 1);
  kek.iv = ks::repeated(0xa5, ks::block(kind.encryption));
  kek.signer = kind.signer;
  kek.hash = kind.hash;
  kek.acknowledgement = 1;
  RekeyLab lab{kek};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().size() == 1);
  CHECK(lab.network.drops.empty());

  ks::Push foreign;
  foreign.group = ks::tek_group(0x3333);
  const auto stranger = ks::Signer::fresh_rsa(1024);
  foreign.signer = &stranger;
  lab.check_untouched(lab.rekeyer->push(foreign));
}

TEST_CASE("the signature may cover the header in each reading, RSA with or without DigestInfo") {
  using ks::SignedHeader;
  const auto header = GENERATE(SignedHeader::unpadded, SignedHeader::as_sent,
                               SignedHeader::unpadded_clear, SignedHeader::padded_clear);
  const bool digest_info = GENERATE(true, false);
  CAPTURE(static_cast<int>(header), digest_info);
  RekeyLab lab;
  ks::Push push;
  push.header = header;
  push.digest_info = digest_info;
  // Messages of all lengths modulo the block size, so that padding is there or not.
  for (std::uint32_t i = 0; i < 4; ++i) {
    push.group = ks::tek_group(0x2000 + i);
    push.group->gap = ks::Octets{};
    for (std::uint32_t attribute = 0; attribute < i; ++attribute)
      *push.group->gap = *push.group->gap + ks::tv(1 + attribute % 2, 30);
    if (i == 3) push.group->gap.reset();
    lab.push(lab.rekeyer->push(push));
  }
  CHECK(lab.network.rekeys.size() == 4);
  CHECK(lab.network.drops.empty());
  const auto& form = lab.network.rekeys.front().what.rekey.form;
  CHECK((form.encoding == gdoi::SignatureEncoding::digest_info) == digest_info);
}

TEST_CASE("the first rekey under a new KEK is number 1") {
  RekeyLab lab{cheap()};
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  lab.push(lab.rekeyer->announce(ks::tek_group(0x3333), ks::another_kek(2, cheap())));
  REQUIRE(lab.network.rekeys.size() == 2);
  CHECK(lab.network.rekeys.back().what.rekey.new_kek);
  CHECK(lab.network.rekeys.back().what.rekey.sequence.value == 2);
  CHECK(roles(lab.network) == std::vector{RekeyRole::current, RekeyRole::next});

  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  REQUIRE(lab.network.rekeys.size() == 3);
  CHECK(lab.network.rekeys.back().what.rekey.sequence.value == 1);
  CHECK(roles(lab.network) == std::vector{RekeyRole::current});
  REQUIRE(lab.acknowledgements().size() == 3);
  CHECK(lab.acknowledgements()[1].spi == ks::lab_kek().spi);  // of the old KEK, with its key
  CHECK(lab.acknowledgements()[2].spi == ks::another_kek(2).spi);
  CHECK(lab.network.started.size() == 1);
}

TEST_CASE("the old KEK serves until the first rekey under the new one, and no longer") {
  RekeyLab lab{cheap()};
  ks::Rekeyer old{cheap()};
  static_cast<void>(old.push(ks::tek_group(1)));
  lab.push(lab.rekeyer->announce(ks::tek_group(0x2222), ks::another_kek(2, cheap())));
  lab.push(old.push(ks::tek_group(0x3333)));  // number 2
  CHECK(lab.network.rekeys.size() == 2);

  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  CHECK(lab.network.rekeys.size() == 3);
  lab.check_untouched(old.push(ks::tek_group(0x5555)));
  CHECK(lab.dropped() == "unexpected: cookies of no KEK");
}

TEST_CASE("the old KEK is over with its life, also when the new one has not been used") {
  auto kek = cheap();
  kek.life = 600;
  RekeyLab lab{kek};
  ks::Rekeyer old{kek};
  static_cast<void>(old.push(ks::tek_group(1)));
  lab.push(lab.rekeyer->announce(ks::tek_group(0x2222), ks::another_kek(2, cheap())));
  const auto in_time = old.push(ks::tek_group(0x3333)), late = old.push(ks::tek_group(0x4444));
  lab.network.run(597s);
  lab.push(in_time);
  CHECK(lab.network.rekeys.size() == 2);
  lab.network.run(2s);
  lab.check_untouched(late);
  CHECK(lab.dropped() == "unexpected: PUSH under a KEK past its lifetime");
  lab.push(lab.rekeyer->push(ks::tek_group(0x5555)));
  CHECK(lab.network.rekeys.size() == 3);
}

TEST_CASE("the announcement of a KEK may be repeated") {
  RekeyLab lab{cheap()};
  const auto announcement =
      lab.rekeyer->announce(ks::tek_group(0x2222), ks::another_kek(2, cheap()));
  for (int i = 0; i < 3; ++i) lab.push(announcement);
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(lab.acknowledgements().size() == 3);
  lab.push(lab.rekeyer->push(ks::tek_group(0x3333)));
  CHECK(lab.network.rekeys.size() == 2);
  lab.check_untouched(announcement);
}

TEST_CASE("a KEK whose key packet is missing is refused whole, and a registration follows") {
  RekeyLab lab{cheap()};
  auto group = ks::tek_group(0x2222);
  ks::add_kek(group, ks::another_kek(2, cheap()));
  group.packets.pop_back();
  const auto reason = std::string{"malformed: SAK in the SA without a KEK key packet in the KD"};

  SECTION("when there is none") {}
  SECTION("when there is that of another KEK") {
    auto other = ks::tek_group(0x2222);
    ks::add_kek(other, ks::another_kek(3, cheap()));
    group.packets.push_back(other.packets.back());
  }
  const auto push = lab.rekeyer->push(group);
  lab.push(push);
  CHECK(lab.network.rekeys.empty());
  REQUIRE(lab.network.refused.size() == 1);
  CHECK(lab.network.refused.front().sequence.value == 1);
  CHECK((told(lab.network.refused.front().why) == reason ||
         told(lab.network.refused.front().why) ==
             "malformed: KEK key packet with another SPI than the SAK's"));
  CHECK(lab.acknowledgements().empty());
  CHECK(lab.network.member().rekey_sas().size() == 1);
  CHECK(lab.network.status().rekeys.refused == 1);
  CHECK(lab.next_registration() >= 4s);
  CHECK(lab.next_registration() <= 6250ms);
  lab.check_untouched(push);  // it is not refused twice

  lab.network.run(10s);
  CHECK(lab.network.started.size() == 2);
  CHECK(lab.network.policies.size() == 2);
}

TEST_CASE("members that missed the announcement wait for the TEK's end and register") {
  RekeyLab lab{cheap()};
  static_cast<void>(lab.rekeyer->announce(ks::tek_group(0x2222), ks::another_kek(2, cheap())));
  for (std::uint32_t i = 0; i < 3; ++i) {
    lab.check_untouched(lab.rekeyer->push(ks::tek_group(0x3000 + i)));
    CHECK(lab.dropped() == "unexpected: cookies of no KEK");
  }
  auto group = ks::tek_group(0x3002);
  ks::add_kek(group, lab.rekeyer->kek(), lab.rekeyer->sequence());
  lab.key_server.script().group = group;
  lab.network.run(1h);
  REQUIRE(lab.network.policies.size() == 2);
  CHECK(roles(lab.network) == std::vector{RekeyRole::previous, RekeyRole::current});
  lab.push(lab.rekeyer->push(ks::tek_group(0x4444)));
  CHECK(lab.network.rekeys.size() == 1);
  CHECK(roles(lab.network) == std::vector{RekeyRole::current});
}

TEST_CASE("a KEK without a list leaves the list and its TEKs alone") {
  RekeyLab lab{cheap()};
  ks::Group group;
  auto next = ks::another_kek(2, cheap());
  next.life = 600;
  ks::add_kek(group, next);
  lab.push(lab.rekeyer->push(group));
  lab.rekeyer->renew(next);
  REQUIRE(lab.network.rekeys.size() == 1);
  CHECK_FALSE(lab.network.rekeys.front().what.rekey.replaces_list);
  CHECK(lab.network.status().registered_with);
  // Its end counts from now on, though the TEK lasts longer.
  CHECK(lab.next_registration() <= 540s);
  CHECK(lab.next_registration() >= 526s);
  lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
  CHECK(lab.network.rekeys.size() == 2);
}

TEST_CASE("a KEK with signatures that we cannot verify is told, and keys come by registering") {
  auto group = ks::lab_group(true);
  group.sak->attributes = ks::tv(2, 3) + ks::tv(3, 128) + ks::tlv(4, ks::be(86400, 4)) +
                          ks::tv(5, 3) + ks::tv(6, 3);  // ECDSS
  group.packets.back() = ks::kek_packet(group.sak->spi, 32, ks::ec_public_key("P-256"));
  Lab lab{with_group(group)};
  lab.policy();
  REQUIRE(lab.network.unusable.size() == 1);
  CHECK(told(lab.network.unusable.front()) == "unsupported: SIG_ALGORITHM of the KEK");
  CHECK(lab.network.member().rekey_sas().empty());
  lab.network.run(4h);
  CHECK(lab.network.policies.size() == 5);
}

}  // namespace rekey_kek_test
