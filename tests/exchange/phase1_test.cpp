// SPDX-License-Identifier: GPL-2.0-or-later
// Parts of phase 1 on their own: proposals, keys, the seal, informational messages.

#include "gdoi/phase1/informational.h"
#include "gdoi/phase1/main_mode.h"
#include "tests/exchange/network.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace phase1_test {

using namespace gdoi;
using support::failure;
using support::hex;
using support::octets;

namespace {

Session session_of(CipherAlgorithm cipher, std::uint16_t bits) {
  Session out;
  out.cookies.initiator.bytes.fill(std::byte{0x11});
  out.cookies.responder.bytes.fill(std::byte{0x22});
  out.suite = {cipher, bits, HashAlgorithm::sha256, DhGroup::modp2048};
  out.skeyid_a = KeyMaterial{32};
  out.cipher_key = KeyMaterial{cipher_key_size(out.suite)};
  out.last_block = Bytes(block_size(cipher), std::byte{0x33});
  return out;
}

IsakmpMessage parsed(const Bytes& datagram) {
  const auto message = parse_message(datagram);
  REQUIRE(failure(message) == "");
  return *message;
}

constexpr std::array all_ciphers{std::pair{CipherAlgorithm::triple_des_cbc, std::uint16_t{0}},
                                 std::pair{CipherAlgorithm::aes_cbc, std::uint16_t{128}},
                                 std::pair{CipherAlgorithm::aes_cbc, std::uint16_t{256}}};

}  // namespace

TEST_CASE("an offer lists the proposals in order, each with the lifetime") {
  const auto proposals = default_proposals();
  const Phase1Sa sa = offer(proposals, authentication_pre_shared_key, seconds{86400}, doi_gdoi);
  CHECK(sa.doi == 2);
  CHECK(sa.situation == 0);
  REQUIRE(sa.transforms.size() == proposals.size());
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    CHECK(sa.transforms[i].number == i + 1);
    CHECK(sa.transforms[i].authentication == 1);
    CHECK(sa.transforms[i].life_seconds == 86400);
    CHECK(sa.transforms[i].group == static_cast<std::uint16_t>(proposals[i].group));
  }
}

TEST_CASE("the seed configuration is among the default proposals") {
  const auto proposals = default_proposals();
  const Phase1Proposal seed{CipherAlgorithm::aes_cbc, 256, HashAlgorithm::sha256,
                            DhGroup::modp1024};
  CHECK(std::count(proposals.begin(), proposals.end(), seed) == 1);
}

TEST_CASE("DOI 1 comes with its situation") {
  const auto proposals = default_proposals();
  CHECK(offer(proposals, 1, seconds{60}, doi_ipsec).situation == 1);
}

TEST_CASE("only a key length of AES is told") {
  const Phase1Proposal triple{CipherAlgorithm::triple_des_cbc, 256, HashAlgorithm::sha1,
                              DhGroup::modp1024};
  CHECK(offer({&triple, 1}, 1, seconds{60}, doi_gdoi).transforms.front().key_bits == 0);
}

TEST_CASE("an answer is the proposal it repeats") {
  const auto proposals = default_proposals();
  const Phase1Sa offered = offer(proposals, 1, seconds{86400}, doi_gdoi);
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    Phase1Sa answer = offered;
    answer.transforms = {offered.transforms[i]};
    const auto suite = accept(offered, answer);
    REQUIRE(failure(suite) == "");
    CHECK(*suite == proposals[i]);

    answer.transforms.front().life_seconds = 60;
    answer.transforms.front().life_kilobytes = 1000;
    answer.transforms.front().number = 99;
    CHECK(accept(offered, answer) == proposals[i]);
  }
}

TEST_CASE("an answer that changes an attribute, or has none or two transforms, is refused") {
  const Phase1Proposal one{};
  const Phase1Sa offered = offer({&one, 1}, 1, seconds{86400}, doi_gdoi);
  Phase1Sa answer = offered;
  IkeTransform& transform = answer.transforms.front();
  SECTION("encryption") { transform.encryption = 5; }
  SECTION("hash") { transform.hash = 2; }
  SECTION("authentication") { transform.authentication = 3; }
  SECTION("group") { transform.group = 2; }
  SECTION("key length") { transform.key_bits = 128; }
  SECTION("none") { answer.transforms.clear(); }
  SECTION("two") { answer.transforms.push_back(transform); }
  CHECK_FALSE(accept(offered, answer));
}

TEST_CASE("a cipher key longer than SKEYID_e is expanded, a shorter one cut") {
  const Bytes skeyid_e(20, std::byte{0x42});
  const KeyMaterial k1 = prf(HashAlgorithm::sha1, skeyid_e, {Bytes{std::byte{0}}});
  const KeyMaterial k2 = prf(HashAlgorithm::sha1, skeyid_e, {k1.view()});
  CHECK(hex(expand_cipher_key(HashAlgorithm::sha1, skeyid_e, 32).view()) ==
        (hex(k1.view()) + hex(k2.view())).substr(0, 64));
  CHECK(hex(expand_cipher_key(HashAlgorithm::sha1, skeyid_e, 21).view()) ==
        (hex(k1.view()) + hex(k2.view())).substr(0, 42));
  CHECK(hex(expand_cipher_key(HashAlgorithm::sha1, skeyid_e, 20).view()) == hex(skeyid_e));
  CHECK(hex(expand_cipher_key(HashAlgorithm::sha1, skeyid_e, 16).view()) ==
        hex(View{skeyid_e}.first(16)));
}

TEST_CASE("what is sealed opens again under the same key and IV, and under no other") {
  for (const auto& [cipher, bits] : all_ciphers)
    for (std::size_t size = 0; size < 40; ++size) {
      const Session session = session_of(cipher, bits);
      const MessageId id{7};
      IsakmpHeader header;
      header.cookies = session.cookies;
      header.message_id = id;
      header.exchange = ExchangeType::informational;
      Writer out;
      out.payload(PayloadType::vendor_id, Bytes(size, std::byte{0x5a}));
      const auto sealed = seal(session.message_key(), session.iv(id), header, std::move(out));
      REQUIRE(failure(sealed) == "");
      CHECK((sealed->datagram.size() - IsakmpHeader::size) % block_size(cipher) == 0);

      const IsakmpMessage message = parsed(sealed->datagram);
      CHECK(message.header.is_encrypted());
      const auto opened = open(session.message_key(), session.iv(id), message);
      REQUIRE(failure(opened) == "");
      REQUIRE(opened->chain.payloads.size() == 1);
      CHECK(opened->chain.payloads.front().body.size() == size);
      CHECK(opened->chain.octets.size() == size + 4);  // padding is no part of it
      CHECK(opened->next_iv == sealed->next_iv);

      const auto elsewhere = open(session.message_key(), session.iv(MessageId{8}), message);
      CHECK_FALSE((elsewhere && elsewhere->chain.payloads.size() == 1 &&
                   elsewhere->chain.payloads.front().body.size() == size));
    }
}

TEST_CASE("padding of any content and length is ignored") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 128);
  const Bytes payload = octets("0000000c5a5a5a5a5a5a5a5a");
  for (const auto padding : std::array<std::size_t, 4>{4, 20, 36, 244}) {
    Bytes plain = payload;
    for (std::size_t i = 0; i < padding; ++i) plain.push_back(static_cast<std::byte>(i + 1));
    const Bytes wire =
        encrypt(CipherAlgorithm::aes_cbc, session.cipher_key.view(), session.iv({7}), plain);
    IsakmpMessage message;
    message.header.next = PayloadType::vendor_id;
    message.header.flags = IsakmpHeader::encrypted;
    message.body = wire;
    const auto opened = open(session.message_key(), session.iv({7}), message);
    REQUIRE(failure(opened) == "");
    CHECK(hex(opened->chain.octets) == hex(payload));
  }
}

TEST_CASE("a message that is not whole blocks, or clear, does not open") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 128);
  IsakmpMessage message;
  const Bytes body(20, std::byte{1});
  message.header.flags = IsakmpHeader::encrypted;
  message.body = body;
  CHECK_FALSE(open(session.message_key(), session.iv({7}), message));
  message.body = {};
  CHECK_FALSE(open(session.message_key(), session.iv({7}), message));
  const Bytes aligned(32, std::byte{1});
  message.header.flags = 0;
  message.body = aligned;
  CHECK(failure(open(session.message_key(), session.iv({7}), message)) ==
        "unexpected: clear message");
}

TEST_CASE("a protected notification arrives, and not with any bit changed") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 256);
  const auto datagram = protect(session, MessageId{0x0a0b0c0d}, no_proposal_chosen(session));
  REQUIRE(failure(datagram) == "");
  const auto told = open_informational(session, parsed(*datagram));
  REQUIRE(failure(told) == "");
  REQUIRE(told->notifications.size() == 1);
  CHECK(told->notifications.front().type == NotifyType::no_proposal_chosen);
  CHECK(told->notifications.front().spi.size() == 16);

  for (std::size_t bit = 0; bit < datagram->size() * 8; ++bit) {
    if (bit / 8 == 18 || bit / 8 == 19) continue;  // exchange type and flags are for the caller
    Bytes forged = *datagram;
    forged[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto message = parse_message(forged);
    if (message) REQUIRE_FALSE(open_informational(session, *message));
  }
}

TEST_CASE("a protected Delete names its session and no other") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 256);
  const auto datagram = protect(session, MessageId{1}, delete_of(session));
  REQUIRE(failure(datagram) == "");
  const auto told = open_informational(session, parsed(*datagram));
  REQUIRE(failure(told) == "");
  REQUIRE(told->deletes.size() == 1);
  const Delete& del = told->deletes.front();
  CHECK(refers_to(del, session));

  Session other = session_of(CipherAlgorithm::aes_cbc, 256);
  other.cookies.responder.bytes[7] = std::byte{0};
  CHECK_FALSE(refers_to(del, other));
  Delete of_esp = del;
  of_esp.protocol = 3;
  CHECK_FALSE(refers_to(of_esp, session));
}

TEST_CASE("an informational message of another session does not open") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 256);
  const auto datagram = protect(session, MessageId{1}, delete_of(session));
  REQUIRE(failure(datagram) == "");
  Session other = session_of(CipherAlgorithm::aes_cbc, 256);
  SECTION("cookies") { other.cookies.initiator.bytes[0] = std::byte{0}; }
  SECTION("SKEYID_a") { other.skeyid_a.writable()[0] = std::byte{1}; }
  SECTION("cipher key") { other.cipher_key.writable()[0] = std::byte{1}; }
  SECTION("last block") { other.last_block[0] = std::byte{0}; }
  CHECK_FALSE(open_informational(other, parsed(*datagram)));
}

TEST_CASE("an R-U-THERE is answered with its own number") {
  const Session session = session_of(CipherAlgorithm::aes_cbc, 256);
  Notification question = no_proposal_chosen(session);
  question.type = NotifyType::r_u_there;
  question.data = octets("00000102");
  const auto answer = alive_answer(question, session);
  REQUIRE(failure(answer) == "");
  CHECK(answer->type == NotifyType::r_u_there_ack);
  CHECK(hex(answer->data) == "00000102");

  SECTION("unless its number has another length") {
    question.data.push_back(std::byte{0});
    CHECK_FALSE(alive_answer(question, session));
    question.data.resize(3);
    CHECK_FALSE(alive_answer(question, session));
  }
  SECTION("or it speaks of another session") {
    question.spi.back() ^= std::byte{1};
    CHECK_FALSE(alive_answer(question, session));
  }
}

TEST_CASE("notification types below 16384 are errors") {
  CHECK(is_error(NotifyType::invalid_payload_type));
  CHECK(is_error(NotifyType{16383}));
  CHECK_FALSE(is_error(NotifyType::connected));
  CHECK_FALSE(is_error(NotifyType::initial_contact));
  CHECK_FALSE(is_error(NotifyType::r_u_there));
}

TEST_CASE("an offer too long for a payload is an error, not a broken message") {
  ExchangeConfig config;
  const auto proposals = default_proposals();
  config.sa = offer(proposals, 1, seconds{60}, doi_gdoi);
  config.identity = identification_of(exchange::address("10.0.0.1"), 17, 848);
  config.vendor_ids = {Bytes(70000)};
  Cookie cookie;
  cookie.bytes.fill(std::byte{1});
  CHECK_FALSE(main_mode::propose(config, cookie));
}

TEST_CASE("a key server's proof must be that of the configured pre-shared key, whatever it is") {
  // Keys of any length and content, empty and binary included, on both sides alike.
  for (const auto& key :
       {ks::Octets{}, ks::repeated(0, 1), ks::repeated(0xff, 64), ks::repeated(7, 300)}) {
    auto config = exchange::member_config({"10.0.0.5"});
    config.key_servers.front().pre_shared_key = KeyMaterial::copy_of(key);
    exchange::Network network{std::move(config)};
    ks::Script script;
    script.psk = key;
    network.attach("10.0.0.5", std::move(script));
    network.start();
    network.run(seconds{1});
    CHECK(network.registered());
  }
}

}  // namespace phase1_test
