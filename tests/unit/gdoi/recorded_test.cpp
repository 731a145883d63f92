// SPDX-License-Identifier: GPL-2.0-or-later
// The recorded exchanges of Cisco's GDOI reference implementation, read by our parsers.

#include "gdoi/crypto/cipher.h"
#include "gdoi/wire/group_sa.h"
#include "gdoi/wire/header.h"
#include "gdoi/wire/identification.h"
#include "gdoi/wire/key_download.h"
#include "gdoi/wire/notification.h"
#include "gdoi/wire/payload.h"
#include "gdoi/wire/sa.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/vector_file.h"

namespace recorded_test {

using namespace gdoi;
using support::failure;
using support::hex;
using support::recorded;
using support::VectorSection;

namespace {

const std::initializer_list<const char*> files{"pull-no-kek.txt", "pull-kek-push.txt"};
constexpr std::size_t block = 8;  // both exchanges use 3DES

Chain chain_of(View plain, PayloadType first) {
  auto chain = parse_chain(plain, first, block);
  REQUIRE(failure(chain).empty());
  return std::move(*chain);
}

const Payload& payload(const Chain& chain, PayloadType type) {
  REQUIRE(chain.find(type) != nullptr);
  return *chain.find(type);
}

}  // namespace

TEST_CASE("recorded messages are read and their headers written again") {
  for (const char* const file : files) {
    const auto exchange = recorded(file).top();
    for (const char* const name :
         {"mm1_wire", "mm4_wire", "mm6_wire", "pull2_wire", "pull4_wire"}) {
      const Bytes wire = exchange.octets(name);
      const auto message = parse_message(wire);
      REQUIRE(failure(message).empty());
      CHECK(hex(encode_header(message->header)) == hex(View{wire}.first(IsakmpHeader::size)));
      CHECK_FALSE(parse_message(View{wire}.first(wire.size() - 1)));
    }
  }
}

TEST_CASE("the recorded offer is read and written again, octet by octet") {
  for (const char* const file : files) {
    const Bytes wire = recorded(file).top().octets("mm1_wire");
    const auto message = parse_message(wire);
    REQUIRE(message);
    const Chain chain = [&] {
      auto parsed = parse_chain(message->body, message->header.next, 0);
      REQUIRE(failure(parsed).empty());
      return std::move(*parsed);
    }();
    const auto sa = parse_phase1_sa(payload(chain, PayloadType::sa).body);
    REQUIRE(failure(sa).empty());
    REQUIRE(sa->transforms.size() == 1);
    CHECK(sa->transforms[0].encryption == 5);
    CHECK(sa->transforms[0].group == 2);

    Writer out = begin_message(message->header);
    put_phase1_sa(out, *sa);
    CHECK(hex(*finish_clear(std::move(out))) == hex(wire));
  }
}

TEST_CASE("the recorded messages are encrypted and decrypted with the recorded keys") {
  for (const char* const file : files) {
    const auto exchange = recorded(file).top();
    const Bytes key = exchange.octets("phase1_key_3des"), iv = exchange.octets("phase1_iv");
    const Bytes wire = exchange.octets("mm5_wire"), plain = exchange.octets("mm5_plain");
    const auto body = View{wire}.subspan(IsakmpHeader::size);
    CHECK(hex(*decrypt(CipherAlgorithm::triple_des_cbc, key, iv, body)) == hex(plain));
    CHECK(hex(encrypt(CipherAlgorithm::triple_des_cbc, key, iv, plain)) == hex(body));
  }
}

TEST_CASE("the recorded identities and notifications are read") {
  const auto exchange = recorded("pull-kek-push.txt").top();
  const Bytes plain = exchange.octets("mm6_plain");
  const Chain chain = chain_of(plain, PayloadType::identification);
  const auto id = parse_identification(payload(chain, PayloadType::identification).body);
  REQUIRE(failure(id).empty());
  CHECK(id->type == IdType::ipv4_addr);
  CHECK(hex(id->data) == "0a00e02c");
  const auto n = parse_notification(payload(chain, PayloadType::notification).body);
  REQUIRE(failure(n).empty());
  CHECK(n->type == NotifyType::initial_contact);
  CHECK(hex(n->spi) == exchange.text("cookie_i") + exchange.text("cookie_r"));
}

TEST_CASE("the recorded request names the group as we do") {
  for (const char* const file : files) {
    const Bytes plain = recorded(file).top().octets("pull1_plain");
    const Chain chain = chain_of(plain, PayloadType::hash);
    CHECK(hex(payload(chain, PayloadType::identification).body) ==
          hex(encode_identification(identification_of(GroupId{GroupNumber{1234}}))));
  }
}

TEST_CASE("the recorded policy without KEK has two entries") {
  const Bytes plain = recorded("pull-no-kek.txt").top().octets("pull2_plain");
  const Chain chain = chain_of(plain, PayloadType::hash);
  const auto sa = parse_group_sa(payload(chain, PayloadType::sa).body);
  REQUIRE(failure(sa).empty());
  CHECK_FALSE(sa->kek);
  REQUIRE(sa->teks.size() == 2);
  CHECK(sa->teks[0].spi == Spi{0x1122aabb});
  CHECK(sa->teks[1].spi == Spi{0x3344ccdd});
  for (const SaTek& tek : sa->teks) {
    CHECK(tek.policy.transform == EspTransformId::triple_des);
    CHECK(tek.policy.integrity == IntegrityId::hmac_sha1_96);
    CHECK(tek.policy.lifetime == seconds{3600});
  }
}

TEST_CASE("the recorded policy with KEK has its addresses, SPI and entries") {
  const auto exchange = recorded("pull-kek-push.txt").top();
  const Bytes plain = exchange.octets("pull2_plain");
  const Chain chain = chain_of(plain, PayloadType::hash);
  const auto sa = parse_group_sa(payload(chain, PayloadType::sa).body);
  REQUIRE(failure(sa).empty());
  REQUIRE(sa->kek);
  CHECK(describe(sa->kek->source.addresses.first) == "10.0.224.44");
  CHECK(describe(sa->kek->destination.addresses.first) == "239.10.1.1");
  CHECK(sa->kek->destination.port == 848);
  CHECK(hex(sa->kek->spi.initiator.bytes) + hex(sa->kek->spi.responder.bytes) ==
        exchange.text("kek_spi"));
  CHECK(sa->kek->cipher == CipherAlgorithm::triple_des_cbc);
  CHECK(sa->kek->signature_hash == HashAlgorithm::sha1);
  CHECK(sa->kek->signature == SignatureAlgorithm::rsa);
  REQUIRE(sa->teks.size() == 2);
  CHECK(describe(sa->teks[0].selectors.front()) == "ip host 10.0.224.37 host 239.1.1.1");
  CHECK(sa->teks[0].policy.encapsulation == Encapsulation::transport);
  CHECK(sa->teks[0].policy.lifetime == seconds{60});
}

TEST_CASE("the recorded keys are those the exchange went on with") {
  const auto exchange = recorded("pull-kek-push.txt").top();
  const Bytes plain = exchange.octets("pull4_plain");
  const Chain chain = chain_of(plain, PayloadType::hash);
  CHECK(parse_sequence(payload(chain, PayloadType::sequence).body) == SequenceNumber{0});
  const auto kd = parse_key_download(payload(chain, PayloadType::key_download).body);
  REQUIRE(failure(kd).empty());
  REQUIRE(kd->kek);
  CHECK(hex(kd->kek->iv_and_key.view()) == exchange.text("kek_iv") + exchange.text("kek_key"));
  CHECK(hex(kd->kek->signature_key) == exchange.text("sig_pubkey_spki_der"));
  REQUIRE(kd->teks.size() == 2);
  CHECK(kd->teks[0].cipher_key.size() == 24);
  CHECK(kd->teks[0].integrity_key.size() == 20);
}

TEST_CASE("the recorded rekey holds the same payloads in clear") {
  const auto exchange = recorded("pull-kek-push.txt").top();
  const Bytes plain = exchange.octets("push1_plain");
  const Chain chain = chain_of(plain, PayloadType::sequence);
  CHECK(parse_sequence(payload(chain, PayloadType::sequence).body) == SequenceNumber{1});
  const auto sa = parse_group_sa(payload(chain, PayloadType::sa).body);
  const auto kd = parse_key_download(payload(chain, PayloadType::key_download).body);
  REQUIRE(failure(sa).empty());
  REQUIRE(failure(kd).empty());
  REQUIRE(sa->teks.size() == 2);
  REQUIRE(kd->teks.size() == 2);
  CHECK(sa->teks[0].spi == kd->teks[0].spi);
  CHECK(hex(payload(chain, PayloadType::signature).body) == exchange.text("push1_sig"));
}

}  // namespace recorded_test
