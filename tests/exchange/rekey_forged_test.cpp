// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH messages that are none of the key server's: the member must not even blink.
#include "tests/exchange/rekey_lab.h"

namespace rekey_forged_test {

using namespace exchange;

namespace {

struct Case {
  RekeyLab lab;
  ks::Octets good;  // the next rekey, not delivered yet

  explicit Case(const ks::Signer& signer) : lab{kek(signer)} {
    lab.push(lab.rekeyer->push(ks::tek_group(0x2222)));
    REQUIRE(lab.network.rekeys.size() == 1);
    good = lab.rekeyer->push(ks::tek_group(0x3333));
  }
  // check_good: after all that, the real one still is welcome.
  void check_good() {
    lab.push(good);
    CHECK(lab.network.rekeys.size() == 2);
    CHECK(lab.acknowledgements().size() == 2);
  }
  static ks::Kek kek(const ks::Signer& signer) {
    auto out = ks::lab_kek();
    out.signer = &signer;
    out.acknowledgement = 1;
    return out;
  }
};

ks::Push tek_push(std::uint32_t spi) {
  ks::Push out;
  out.group = ks::tek_group(spi);
  return out;
}

}  // namespace

TEST_CASE("a PUSH cut off anywhere has no effect") {
  Case one{ks::Signer::rsa(1024)};
  for (std::size_t size = 0; size < one.good.size(); ++size) {
    CAPTURE(size);
    auto cut = one.good;
    cut.resize(size);
    one.lab.check_untouched(cut);
    if (size < 28) continue;
    std::copy_n(ks::be(size, 4).begin(), 4, cut.begin() + 24);  // a Length that fits
    one.lab.check_untouched(cut);
  }
  one.check_good();
}

TEST_CASE("a PUSH with octets behind it has no effect") {
  Case one{ks::Signer::rsa(1024)};
  for (const std::size_t more : {1U, 15U, 16U, 1000U}) {
    CAPTURE(more);
    auto longer = one.good + ks::Octets(more);
    one.lab.check_untouched(longer);
    if (more == 16) continue;
    std::copy_n(ks::be(longer.size(), 4).begin(), 4, longer.begin() + 24);
    one.lab.check_untouched(longer);
  }
  one.check_good();
}

// Padding is not signed, and whoever changes it on the way changes nothing else.
TEST_CASE("a PUSH with more padding is the same rekey, once") {
  Case one{ks::Signer::rsa(1024)};
  auto longer = one.good + ks::Octets(16);
  std::copy_n(ks::be(longer.size(), 4).begin(), 4, longer.begin() + 24);
  one.lab.push(longer);
  REQUIRE(one.lab.network.rekeys.size() == 2);
  const auto& rekey = one.lab.network.rekeys.back().what.rekey;
  CHECK(rekey.sequence.value == 2);
  CHECK(rekey.policy->find({0x3333}) != nullptr);
  one.lab.check_untouched(one.good);
}

TEST_CASE("a PUSH with any bit changed has no effect") {
  Case one{GENERATE(true, false) ? ks::Signer::rsa(1024) : ks::Signer::ecdsa("P-256")};
  for (std::size_t i = 0; i < 8 * one.good.size(); ++i) {
    CAPTURE(i);
    auto bent = one.good;
    bent[i / 8] ^= static_cast<std::byte>(1U << i % 8);
    one.lab.check_untouched(bent);
  }
  one.check_good();
}

TEST_CASE("a PUSH under another KEK's key, or another signature key, has no effect") {
  Case one{ks::Signer::rsa(1024)};
  auto kek = one.lab.rekeyer->kek();

  SECTION("the KEK's key") {
    kek.key[0] ^= std::byte{1};
    one.lab.check_untouched(ks::encode_push(kek, 2, tek_push(0x6666)));
  }
  SECTION("its IV") {
    kek.iv[0] ^= std::byte{1};
    one.lab.check_untouched(ks::encode_push(kek, 2, tek_push(0x6666)));
  }
  SECTION("its SPI") {
    kek.spi[15] ^= std::byte{1};
    one.lab.check_untouched(ks::encode_push(kek, 2, tek_push(0x6666)));
    CHECK(one.lab.dropped() == "unexpected: cookies of no KEK");
  }
  SECTION("signed by a member, who has the KEK but not the private key") {
    const auto member = ks::Signer::fresh_rsa(1024);
    auto push = tek_push(0x6666);
    push.signer = &member;
    one.lab.check_untouched(ks::encode_push(kek, 2, push));
    CHECK(one.lab.dropped() == "not authentic: signature of a PUSH");
  }
  SECTION("signed with another hash") {
    kek.hash = 2;
    one.lab.check_untouched(ks::encode_push(kek, 2, tek_push(0x6666)));
    CHECK(one.lab.dropped() == "not authentic: signature of a PUSH");
  }
  SECTION("a deletion of everything") {
    const auto member = ks::Signer::fresh_rsa(1024);
    auto push = deleting({ks::delete_teks(), ks::delete_keks()});
    push.signer = &member;
    one.lab.check_untouched(ks::encode_push(kek, 2, push));
  }
  one.check_good();
}

TEST_CASE("a member cannot push to the group by replaying an old rekey under a new number") {
  Case one{ks::Signer::rsa(1024)};
  const auto& kek = one.lab.rekeyer->kek();
  // What a member can do who has the KEK: decrypt, change SEQ, encrypt again.
  const ks::Octets wire(one.good.begin() + 28, one.good.end());
  auto plain = ks::decipher(kek.encryption, kek.key, kek.iv, wire);
  plain[7] = std::byte{77};
  const ks::Octets head(one.good.begin(), one.good.begin() + 28);
  one.lab.check_untouched(head + ks::encipher(kek.encryption, kek.key, kek.iv, plain));
  CHECK(one.lab.dropped() == "not authentic: signature of a PUSH");
  one.check_good();
}

TEST_CASE("authentic words that make no sense are refused whole, and lead to a registration") {
  Case one{ks::Signer::rsa(1024)};
  struct Bend {
    std::string why;
    std::function<void(ks::Push&)> apply;
  };
  const auto bend = GENERATE(values<Bend>(
      {{"malformed: TEK_ALGORITHM_KEY of another length than the transform's",
        [](ks::Push& push) { push.group->packets = {ks::tek_packet(0x6666, 24, 32)}; }},
       {"malformed: SAT whose SPI has no TEK key packet in the KD",
        [](ks::Push& push) { push.group->packets = {ks::tek_packet(0x6667, 16, 32)}; }},
       {"unsupported: DOI of a D",
        [](ks::Push& push) { push.deletes = {ks::delete_teks({1}, 3)}; }}}));
  auto push = tek_push(0x6666);
  bend.apply(push);
  one.lab.push(one.lab.rekeyer->push(push));
  REQUIRE(one.lab.network.refused.size() == 1);
  CHECK(told(one.lab.network.refused.front().why) == bend.why);
  CHECK(one.lab.network.rekeys.size() == 1);
  CHECK(one.lab.acknowledgements().size() == 1);
  CHECK(one.lab.network.status().registered_with);
  one.lab.network.run(10s);
  CHECK(one.lab.network.policies.size() == 2);
}

}  // namespace rekey_forged_test
