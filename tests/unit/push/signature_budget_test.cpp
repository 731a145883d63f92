// SPDX-License-Identifier: GPL-2.0-or-later
// Members forge rekeys as fast as they can: what that costs, and what of the key server's gets
// through meanwhile.
#include "gdoi/push/signature_budget.h"

#include "gdoi/rekey_receiver.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/fixed_random.h"
#include "tests/unit/push/pushes.h"

namespace signature_budget_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

const std::string forged = "not authentic: signature of a PUSH";
const std::string no_budget = "unexpected: more PUSH messages than signatures can be checked";

ks::Kek p256() {
  ks::Kek out;
  out.signer = &ks::Signer::ecdsa("P-256");
  return out;
}

// forgery is what a member can make: all but the signature is right.
Bytes forgery(const ks::Kek& kek) {
  Push push = tek_push(9, 9);
  push.signature = ks::repeated(1, 64);
  return datagram(kek, push);
}

int taken(SignatureBudget& budget, PushSender sender, Instant now) {
  int out = 0;
  while (budget.take(sender, milliseconds{1}, now)) ++out;
  return out;
}

// How many of `count` copies had their signature checked.
int checked(RekeySaTable& sas, const Bytes& octets, PushSender sender, int count) {
  int out = 0;
  const auto message = parse_message(octets);
  for (int i = 0; i < count; ++i) {
    const auto why = failure(sas.receive(*message, sender, noon));
    if (why == forged)
      ++out;
    else
      CHECK(why == no_budget);
  }
  return out;
}

}  // namespace

TEST_CASE("a budget is spent, and fills with time up to what it was") {
  SignatureBudget budget;
  CHECK(taken(budget, PushSender::key_server, noon) == 250);
  CHECK(taken(budget, PushSender::other, noon) == 50);
  CHECK(taken(budget, PushSender::key_server, noon + seconds{1}) == 100);
  CHECK(taken(budget, PushSender::other, noon + seconds{1}) == 20);
  CHECK(taken(budget, PushSender::key_server, noon + std::chrono::hours{1}) == 250);
  // Time that seems to go back gives nothing, and takes nothing.
  CHECK(taken(budget, PushSender::key_server, noon) == 0);
}

TEST_CASE("what a check costs grows with the key") {
  const auto cost = [](const Bytes& der) { return check_cost(*VerificationKey::parse(der)); };
  CHECK(cost(ks::rsa_public_key(1024)) < cost(ks::rsa_public_key(2048)));
  CHECK(cost(ks::rsa_public_key(2048)) < cost(ks::ec_public_key("P-256")));
  CHECK(cost(ks::ec_public_key("P-256")) < cost(ks::ec_public_key("P-384")));
  CHECK(cost(ks::ec_public_key("P-384")) == cost(ks::ec_public_key("P-521")));
}

TEST_CASE("a flood of forgeries under other addresses keeps no rekey of a key server out") {
  const auto kek = p256();
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  const auto before = state(sas);
  // The first costs four checks, for the other readings of what is signed.
  CHECK(checked(sas, forgery(kek), PushSender::other, 2000) == 497);
  CHECK(state(sas) == before);
  CHECK(accepted(receive(sas, datagram(kek, tek_push(1, 6)), noon)).sequence == SequenceNumber{1});
}

TEST_CASE("a flood under a key server's address is bounded, and what is repeated gets through") {
  const auto kek = p256();
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  CHECK(checked(sas, forgery(kek), PushSender::key_server, 4000) == 2497);
  const Bytes push = datagram(kek, tek_push(1, 6));
  CHECK(failure(receive(sas, push, noon)) == no_budget);
  CHECK(accepted(receive(sas, push, noon + seconds{1})).sequence == SequenceNumber{1});
}

TEST_CASE("a signature of the wrong length costs nothing") {
  const auto kek = p256();
  RekeySaTable sas;
  REQUIRE(sas.adopt(downloaded(kek), member, noon));
  Push push = tek_push(9, 9);
  push.signature = ks::repeated(1, 63);
  CHECK(checked(sas, datagram(kek, push), PushSender::other, 2000) == 2000);
  CHECK(checked(sas, forgery(kek), PushSender::other, 2000) == 497);
}

TEST_CASE("a key server that is not configured is known by its first rekey") {
  const auto kek = p256();
  support::SeededRandom random{1};
  RekeyReceiver receiver{{}, random};
  REQUIRE(receiver.adopt(downloaded(kek), member, noon));
  const Endpoint server{member, 848};
  Endpoint forger = server;
  forger.address.bytes[3] ^= std::byte{1};
  const auto receive = [&](const Endpoint& from, const Bytes& octets) {
    return receiver.receive(Datagram::parse(from, octets), PushSender::other, {1}, noon);
  };
  REQUIRE(receive(server, datagram(kek, tek_push(1, 6))));
  (void)receiver.installed(noon);
  const Bytes octets = forgery(kek);
  for (int i = 0; i < 1000; ++i) (void)receive(forger, octets);
  CHECK(failure(receive(forger, octets)) == no_budget);
  CHECK(receive(server, datagram(kek, tek_push(2, 7))));
}

}  // namespace signature_budget_test
