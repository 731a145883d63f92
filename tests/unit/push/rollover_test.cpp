// SPDX-License-Identifier: GPL-2.0-or-later
// From one KEK to the next.

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace rollover_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

ks::Kek named(char name) {
  ks::Kek out;
  out.spi = kek_spi(name);
  out.key = repeated(static_cast<unsigned char>(name), 16);
  return out;
}
const ks::Kek kek_a = named('A'), kek_b = named('B'), kek_c = named('C'), kek_d = named('D');

RekeySaTable holding_a(std::uint32_t last = 0) {
  RekeySaTable out;
  REQUIRE(out.adopt(downloaded(kek_a, last), member, noon));
  return out;
}

Rekey push(RekeySaTable& sas, const ks::Kek& kek, const Push& message, Instant now = noon) {
  return accepted(receive(sas, datagram(kek, message), now));
}

}  // namespace

TEST_CASE("a KEK that a PUSH announces is next until a PUSH comes under it") {
  auto sas = holding_a(7);
  const Rekey rekey = push(sas, kek_a, kek_push(8, 70, kek_b));
  CHECK(rekey.new_kek);
  REQUIRE(rekey.policy);
  REQUIRE(rekey.policy->kek);
  CHECK(rekey.policy->kek->last_sequence == SequenceNumber{0});
  CHECK(state(sas) == "current A 8 until 3600; next B 0 until 86400; ");

  CHECK(push(sas, kek_b, tek_push(1, 71)).under == spi_of(kek_b));
  CHECK(state(sas) == "current B 1 until 86400; ");
  CHECK(failure(receive(sas, datagram(kek_a, tek_push(9, 72)), noon)) ==
        "unexpected: cookies of no KEK");
}

TEST_CASE("until then the old KEK goes on, with its own numbers") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  CHECK(push(sas, kek_a, tek_push(2, 71)).under == spi_of(kek_a));
  CHECK(failure(receive(sas, datagram(kek_a, tek_push(2, 72)), noon)) ==
        "unexpected: old sequence number of a PUSH");
  CHECK(state(sas) == "current A 2 until 3600; next B 0 until 86400; ");
}

TEST_CASE("a forged PUSH under the new KEK does not end the old one") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  static const Signer other = Signer::fresh_rsa(2048);
  ks::Kek forger = kek_b;
  forger.signer = &other;
  CHECK(failure(receive(sas, datagram(forger, tek_push(1, 71)), noon)) ==
        "not authentic: signature of a PUSH");
  CHECK(state(sas) == "current A 1 until 3600; next B 0 until 86400; ");
}

TEST_CASE("a refused PUSH under the new KEK does not end the old one") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  const Push bad{{seq(1), sa({sat({7})}), kd({})}};
  CHECK_FALSE(refused(receive(sas, datagram(kek_b, bad), noon)).empty());
  CHECK(state(sas) == "current A 1 until 3600; next B 1 until 86400; ");
}

TEST_CASE("under a new KEK any first number will do, and no second one that is not greater") {
  // RFC 3547 lets the counter run on across KEKs; some begin with 0.
  for (const std::uint32_t first : {0U, 1U, 9U}) {
    auto sas = holding_a(7);
    push(sas, kek_a, kek_push(8, 70, kek_b));
    push(sas, kek_a, kek_push(9, 70, kek_b));  // stated again before anything came under it
    CHECK(push(sas, kek_b, tek_push(first, 71)).sequence == SequenceNumber{first});
    CHECK(failure(receive(sas, datagram(kek_b, tek_push(first, 72)), noon)) ==
          "unexpected: old sequence number of a PUSH");
    CHECK(push(sas, kek_b, tek_push(first + 1, 72)).sequence == SequenceNumber{first + 1});
  }
  // A KEK that came by registration has the number that the key server told.
  auto sas = holding_a(0);
  CHECK(failure(receive(sas, datagram(kek_a, tek_push(0, 71)), noon)) ==
        "unexpected: old sequence number of a PUSH");
}

TEST_CASE("a refused first PUSH under a new KEK has used its number") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  const Push bad{{seq(0), sa({sat({7})}), kd({})}};
  CHECK_FALSE(refused(receive(sas, datagram(kek_b, bad), noon)).empty());
  CHECK(failure(receive(sas, datagram(kek_b, bad), noon)) ==
        "unexpected: old sequence number of a PUSH");
}

TEST_CASE("a KEK without a public key of its own verifies with the one before") {
  auto sas = holding_a();
  Push announce = kek_push(1, 70, kek_b);
  announce.parts[2] = kd({kek_packet(kek_b, false), tek_packet(70)});
  push(sas, kek_a, announce);
  CHECK(push(sas, kek_b, tek_push(1, 71)).under == spi_of(kek_b));
}

TEST_CASE("a new KEK may change cipher, signature and hash") {
  ks::Kek next = named('B');
  next.encryption = ks::aes_cbc;
  next.key = repeated(0x77, 32);
  next.signer = &Signer::ecdsa("P-384");
  next.hash = ks::sha384;
  Sak policy;
  policy.key_bits = 256;
  policy.signature = 5;
  policy.hash.reset();
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, next, policy));
  CHECK(push(sas, next, tek_push(1, 71)).form.encoding == SignatureEncoding::r_and_s);
}

TEST_CASE("announcing the same KEK again changes nothing") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  const Rekey again = push(sas, kek_a, kek_push(2, 70, kek_b));
  CHECK_FALSE(again.new_kek);
  CHECK(state(sas) == "current A 2 until 3600; next B 0 until 86400; ");
  push(sas, kek_b, tek_push(5, 71));
  push(sas, kek_b, kek_push(6, 72, kek_b));
  CHECK(state(sas) == "current B 6 until 86400; ");
}

TEST_CASE("a 3DES KEK announced again with other parity bits is the same KEK") {
  ks::Kek next = named('B');
  next.encryption = ks::triple_des_cbc;
  next.key = support::joined({repeated(0x10, 8), repeated(0x32, 8), repeated(0x54, 8)});
  next.iv = repeated(0x22, 8);
  Sak policy;
  policy.algorithm = 2;
  policy.key_bits = 192;
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, next, policy));
  ks::Kek again = next;
  again.key = support::joined({repeated(0x11, 8), repeated(0x33, 8), repeated(0x55, 8)});
  CHECK_FALSE(push(sas, kek_a, kek_push(2, 70, again, policy)).new_kek);
  CHECK(state(sas) == "current A 2 until 3600; next B 0 until 86400; ");
  push(sas, again, tek_push(1, 71));  // and whichever bits it was sent with, it decrypts
  CHECK(state(sas) == "current B 1 until 86400; ");
}

TEST_CASE("the KEK in use may be stated again without its key packet") {
  auto sas = holding_a();
  Push again = kek_push(1, 70, kek_a);
  again.parts.back() = kd({tek_packet(70)});
  const Rekey rekey = push(sas, kek_a, again);
  CHECK_FALSE(rekey.new_kek);
  CHECK(state(sas) == "current A 1 until 86400; ");
  CHECK(push(sas, kek_a, tek_push(2, 71)).sequence == SequenceNumber{2});
}

// As Cisco's reference implementation announces it.
TEST_CASE("the key of a new KEK may come under the SPI of the one in use") {
  auto sas = holding_a();
  ks::Kek disguised = kek_b;
  disguised.spi = kek_a.spi;
  Push announced = kek_push(1, 70, kek_b);
  announced.parts.back() = kd({kek_packet(disguised), tek_packet(70)});
  CHECK(push(sas, kek_a, announced).new_kek);
  CHECK(state(sas) == "current A 1 until 3600; next B 0 until 86400; ");
  CHECK(push(sas, kek_b, tek_push(2, 71)).sequence == SequenceNumber{2});
}

TEST_CASE("the key in use under its own SPI is no key of a new KEK") {
  auto sas = holding_a();
  Push announced = kek_push(1, 70, kek_b);
  announced.parts.back() = kd({kek_packet(kek_a), tek_packet(70)});
  CHECK(refused(receive(sas, datagram(kek_a, announced), noon)) ==
        "malformed: KEK key packet with another SPI than the SAK's");
  CHECK(state(sas) == "current A 1 until 3600; ");
}

TEST_CASE("a KEK stated again keeps its number, so that nothing can be replayed") {
  auto sas = holding_a();
  const Bytes old = datagram(kek_a, tek_push(1, 70));
  static_cast<void>(accepted(receive(sas, old, noon)));
  const Rekey restated = push(sas, kek_a, kek_push(2, 71, kek_a));
  CHECK_FALSE(restated.new_kek);
  CHECK(restated.policy->kek->last_sequence == SequenceNumber{2});
  CHECK(state(sas) == "current A 2 until 86400; ");
  CHECK(failure(receive(sas, old, noon)) == "unexpected: old sequence number of a PUSH");

  // Nor when it is deleted and stated in one breath.
  Push both = kek_push(3, 71, kek_a);
  both.parts.insert(both.parts.begin() + 1, del(2, 0, 16, {Bytes(16)}));
  push(sas, kek_a, both);
  CHECK(state(sas) == "current A 3 until 86400; ");
  CHECK(failure(receive(sas, old, noon)) == "unexpected: old sequence number of a PUSH");
}

TEST_CASE("a KEK ends with its lifetime") {
  auto sas = holding_a();
  const Instant end = noon + std::chrono::hours{1};
  CHECK(sas.ends() == end);
  CHECK(push(sas, kek_a, tek_push(1, 70), end - milliseconds{1}).sequence == SequenceNumber{1});
  CHECK(failure(receive(sas, datagram(kek_a, tek_push(2, 71)), end)) ==
        "unexpected: PUSH under a KEK past its lifetime");
  sas.expire(end - milliseconds{1});
  CHECK_FALSE(sas.empty());
  sas.expire(end);
  CHECK(sas.empty());
  CHECK_FALSE(sas.ends());
}

TEST_CASE("the old KEK ends with its lifetime though nothing has come under the new one") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  const Instant later = noon + std::chrono::hours{2};
  CHECK_FALSE(receive(sas, datagram(kek_a, tek_push(2, 71)), later));
  CHECK(sas.ends() == noon + seconds{86400});
  CHECK(push(sas, kek_b, tek_push(1, 71), later).under == spi_of(kek_b));
}

TEST_CASE("a lifetime stated again counts from its arrival") {
  auto sas = holding_a();
  Sak policy;
  policy.lifetime = 600;
  push(sas, kek_a, kek_push(1, 70, kek_a, policy), noon + seconds{100});
  CHECK(sas.ends() == noon + seconds{700});
}

TEST_CASE("a KEK is deleted by name") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  const Rekey rekey = push(sas, kek_a, {{seq(2), del(2, 0, 16, {kek_b.spi})}});
  CHECK(rekey.deletes.names_kek(spi_of(kek_b)));
  CHECK(state(sas) == "current A 2 until 3600; ");
}

TEST_CASE("a KEK that is not held is deleted without effect") {
  auto sas = holding_a();
  push(sas, kek_a, {{seq(1), del(2, 0, 16, {kek_c.spi})}});
  CHECK(state(sas) == "current A 1 until 3600; ");
}

TEST_CASE("a PUSH that deletes its own KEK is acknowledged, and so are its copies") {
  RekeySaTable sas;
  Kek registered = downloaded(kek_a);
  registered.policy.acknowledgement = AckType::kek_sha256;
  REQUIRE(sas.adopt(registered, member, noon));
  const Bytes last =
      datagram(kek_a, {{seq(1), del(2, 1, 4, {tek_spi(0)}), del(2, 0, 16, {Bytes(16)})}});
  const Rekey rekey = accepted(receive(sas, last, noon));
  CHECK(rekey.deletes.all_teks);
  CHECK(rekey.deletes.all_keks);
  REQUIRE(rekey.acknowledgement);
  CHECK(sas.empty());

  sas.installed();
  const auto copy = receive(sas, last, noon);
  REQUIRE(copy);
  REQUIRE(std::holds_alternative<RepeatedPush>(*copy));
  CHECK(std::get<RepeatedPush>(*copy).acknowledgement == rekey.acknowledgement);
}

TEST_CASE("deletes are done before the new KEK is taken") {
  auto sas = holding_a();
  Push clean = kek_push(1, 70, kek_b);
  clean.parts.insert(clean.parts.begin() + 1, del(2, 0, 16, {Bytes(16)}));
  push(sas, kek_a, clean);
  CHECK(state(sas) == "next B 0 until 86400; ");
  CHECK(push(sas, kek_b, tek_push(1, 71)).under == spi_of(kek_b));
}

TEST_CASE("three KEKs are held at most, and the one in use is among them") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  push(sas, kek_a, kek_push(2, 70, kek_c));
  CHECK(state(sas) == "current A 2 until 3600; next B 0 until 86400; next C 0 until 86400; ");
  push(sas, kek_a, kek_push(3, 70, kek_d));
  CHECK(state(sas) == "current A 3 until 3600; next C 0 until 86400; next D 0 until 86400; ");
  push(sas, kek_c, tek_push(1, 71));
  CHECK(state(sas) == "current C 1 until 86400; next D 0 until 86400; ");
}

TEST_CASE("a registration's new KEK is the current one, and the old one ends with its first PUSH") {
  auto sas = holding_a(5);
  REQUIRE(sas.adopt(downloaded(kek_b, 2), member, noon));
  CHECK(state(sas) == "previous A 5 until 3600; current B 2 until 3600; ");
  CHECK(push(sas, kek_a, tek_push(6, 70)).under == spi_of(kek_a));
  CHECK(failure(receive(sas, datagram(kek_b, tek_push(2, 71)), noon)) ==
        "unexpected: old sequence number of a PUSH");
  push(sas, kek_b, tek_push(3, 71));
  CHECK(state(sas) == "current B 3 until 3600; ");
}

TEST_CASE("a registration that returns a lower number than was accepted does not set it back") {
  auto sas = holding_a(5);
  REQUIRE(sas.adopt(downloaded(kek_a, 3), member, noon + seconds{60}));
  CHECK(state(sas) == "current A 5 until 3660; ");
  REQUIRE(sas.adopt(downloaded(kek_a, 9), member, noon + seconds{60}));
  CHECK(state(sas) == "current A 9 until 3660; ");
}

TEST_CASE("a registration with another key under a known SPI begins anew") {
  auto sas = holding_a(5);
  ks::Kek twin = kek_a;
  twin.key = repeated(0x99, 16);
  REQUIRE(sas.adopt(downloaded(twin, 1), member, noon));
  CHECK(state(sas) == "current A 1 until 3600; ");
  CHECK_FALSE(receive(sas, datagram(kek_a, tek_push(6, 70)), noon));
  CHECK(push(sas, twin, tek_push(2, 70)).sequence == SequenceNumber{2});
}

TEST_CASE(
    "a registration that was overtaken by a PUSH does not lose the KEK which that announced") {
  auto sas = holding_a();
  push(sas, kek_a, kek_push(1, 70, kek_b));
  REQUIRE(sas.adopt(downloaded(kek_a, 0), member, noon));
  CHECK(state(sas) == "current A 1 until 3600; next B 0 until 86400; ");
}

TEST_CASE("registrations again and again keep three KEKs") {
  RekeySaTable sas;
  for (const char name : {'A', 'B', 'C', 'D', 'E'})
    REQUIRE(sas.adopt(downloaded(named(name)), member, noon));
  CHECK(state(sas) == "previous C 0 until 3600; previous D 0 until 3600; current E 0 until 3600; ");
}

TEST_CASE("acknowledgements name the address of the most recent registration") {
  RekeySaTable sas;
  Kek registered = downloaded(kek_a);
  registered.policy.acknowledgement = AckType::kek_sha512;
  Address other = member;
  other.bytes[3] = std::byte{99};
  REQUIRE(sas.adopt(registered, member, noon));
  REQUIRE(sas.adopt(registered, other, noon));
  CHECK(push(sas, kek_a, tek_push(1, 70)).acknowledgement ==
        encode_acknowledgement({AckType::kek_sha512, spi_of(kek_a), {1}, other, kek_a.key},
                               AckKeyLength::block));
}

TEST_CASE("a member that clears its group knows nothing of it any more") {
  auto sas = holding_a();
  const Bytes last = datagram(kek_a, tek_push(1, 70));
  static_cast<void>(accepted(receive(sas, last, noon)));
  sas.clear();
  CHECK(sas.empty());
  CHECK(failure(receive(sas, last, noon)) == "unexpected: cookies of no KEK");
}

TEST_CASE("a hundred KEKs one after the other leave one behind") {
  RekeySaTable sas;
  ks::Kek current = named('A');
  REQUIRE(sas.adopt(downloaded(current), member, noon));
  for (unsigned i = 0; i < 100; ++i) {
    ks::Kek next = named(static_cast<char>('A' + (i + 1) % 50));
    next.key = repeated(i, 16);
    push(sas, current, kek_push(i == 0 ? 1 : 2, 70, next));
    push(sas, next, tek_push(1, 71));
    current = next;
  }
  CHECK(sas.status().size() == 1);
}

}  // namespace rollover_test
