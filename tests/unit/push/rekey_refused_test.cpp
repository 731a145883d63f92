// SPDX-License-Identifier: GPL-2.0-or-later
// What the key server signs but we cannot follow: nothing is taken but the sequence number.

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace rekey_refused_test {

using namespace gdoi;
using namespace push_test;

namespace {

const ks::Kek kek;

ks::Kek other_kek(char name) {
  ks::Kek out;
  out.spi = kek_spi(name);
  out.key = repeated(static_cast<unsigned char>(name), 16);
  return out;
}

// refusal has a fresh member receive `push`, numbered 1, and says why it was refused.
std::string refusal(const Push& push) {
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  const Bytes octets = datagram(kek, push);
  const std::string why = refused(receive(sas, octets, noon));
  CHECK(state(sas) == "current K 1 until 3600; ");
  // Heard once, it is not news again; and the next one is as welcome as before.
  CHECK(support::failure(receive(sas, octets, noon)) ==
        "unexpected: old sequence number of a PUSH");
  CHECK(accepted(receive(sas, datagram(kek, tek_push(2, 7)), noon)).replaces_list);
  return why;
}

Push with_kek(const ks::Kek& next, const Sak& policy, std::vector<Bytes> packets) {
  Sak named = policy;
  named.spi = next.spi;
  packets.push_back(tek_packet(7));
  return {{seq(1), sa({sak(named), sat({7})}), kd(packets)}};
}

}  // namespace

TEST_CASE("a new KEK without its key packet is refused") {
  CHECK(refusal(with_kek(other_kek('N'), {}, {})) ==
        "malformed: SAK in the SA without a KEK key packet in the KD");
}

TEST_CASE("a KEK packet of another SPI is refused") {
  CHECK(refusal(with_kek(other_kek('N'), {}, {kek_packet(other_kek('M'))})) ==
        "malformed: KEK key packet with another SPI than the SAK's");
}

TEST_CASE("a KEK whose SPI is known with another key is refused") {
  ks::Kek twin = kek;
  twin.key.back() ^= std::byte{1};
  CHECK(refusal(with_kek(twin, {}, {kek_packet(twin)})) ==
        "malformed: KEK whose SPI is that of another KEK");
  twin = kek;
  twin.iv.back() ^= std::byte{1};
  CHECK(refusal(with_kek(twin, {}, {kek_packet(twin)})) ==
        "malformed: KEK whose SPI is that of another KEK");
}

TEST_CASE("signature algorithms that we do not verify are refused") {
  ks::Kek next = other_kek('N');
  Sak policy;
  policy.signature = 2;
  next.signer = &Signer::dsa();
  CHECK(refusal(with_kek(next, policy, {kek_packet(next)})) ==
        "unsupported: SIG_ALGORITHM of the KEK");
  policy.signature = 3;
  next.signer = &Signer::ecdsa("P-256");
  CHECK(refusal(with_kek(next, policy, {kek_packet(next)})) ==
        "unsupported: SIG_ALGORITHM of the KEK");
  policy.signature = 1;
  static const Signer weak = Signer::fresh_rsa(768);
  next.signer = &weak;
  CHECK(refusal(with_kek(next, policy, {kek_packet(next)})) ==
        "unsupported: RSA signature key size");
}

TEST_CASE("KEK_ALGORITHM_KEY of another length than IV and key is refused") {
  for (const std::size_t size : {15U, 31U, 33U, 48U}) {
    const Bytes packet =
        key_packet(2, other_kek('N').spi,
                   {ks::tlv(1, repeated(1, size)), ks::tlv(2, kek.signer->public_key())});
    CHECK(refusal(with_kek(other_kek('N'), {}, {packet})) ==
          "malformed: KEK_ALGORITHM_KEY of another length than IV and key");
  }
}

TEST_CASE("broken contents behind a right signature are refused") {
  Push push = tek_push(1, 7);
  push.parts[1].body.pop_back();
  CHECK_FALSE(refusal(push).empty());
  push = tek_push(1, 7);
  push.parts[2].body.push_back(std::byte{0});
  CHECK_FALSE(refusal(push).empty());
  push = tek_push(1, 7);
  push.parts.insert(push.parts.begin() + 1, del(7, 1, 4, {tek_spi(1)}));
  CHECK(refusal(push) == "unsupported: DOI of a D");
  push = {{seq(1), sa({sat({7})}), kd({tek_packet(8)})}};
  CHECK(refusal(push) == "malformed: SAT whose SPI has no TEK key packet in the KD");
}

TEST_CASE("deletes beside something refused are not done") {
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  const Push push{{seq(1), del(2, 0, 16, {Bytes(16)}), sa({sat({7})}), kd({})}};
  CHECK_FALSE(refused(receive(sas, datagram(kek, push), noon)).empty());
  CHECK(state(sas) == "current K 1 until 3600; ");
}

TEST_CASE("a refused PUSH does not stand in for the last accepted one") {
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  const Bytes good = datagram(kek, tek_push(1, 7));
  static_cast<void>(accepted(receive(sas, good, noon)));
  const Push bad{{seq(2), sa({sat({7})}), kd({})}};
  CHECK_FALSE(refused(receive(sas, datagram(kek, bad), noon)).empty());
  const auto copy = receive(sas, good, noon);
  REQUIRE(copy);
  CHECK(std::holds_alternative<RepeatedPush>(*copy));
}

TEST_CASE("a registration's KEK with signatures that we do not verify is not adopted") {
  RekeySaTable sas;
  Kek registered = downloaded(kek);
  registered.policy.signature = SignatureAlgorithm::dss;
  const auto adopted = sas.adopt(registered, member, noon);
  CHECK(support::failure(adopted) == "unsupported: SIG_ALGORITHM of the KEK");
  CHECK(support::detail(adopted) == 2);
  CHECK(sas.empty());

  registered = downloaded(kek);
  registered.policy.signature = SignatureAlgorithm::ecdsa256;
  CHECK(support::failure(sas.adopt(registered, member, noon)) ==
        "malformed: SIG_ALGORITHM_KEY that does not belong to SIG_ALGORITHM");
  registered.policy.signature = SignatureAlgorithm::ecdsa384;
  registered.signature_key = Signer::ecdsa("P-256").public_key();
  CHECK_FALSE(sas.adopt(registered, member, noon));
}

}  // namespace rekey_refused_test
