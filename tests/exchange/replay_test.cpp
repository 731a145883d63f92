// SPDX-License-Identifier: GPL-2.0-or-later
// Exchanges recorded from another implementation, replayed byte for byte: what we would have sent
// in the member's place is what was sent, and what was answered is understood.

#include "gdoi/phase1/main_mode.h"
#include "gdoi/pull/hashes.h"
#include "gdoi/pull/registration.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/vector_file.h"

namespace replay_test {

using namespace gdoi;
using support::failure;
using support::hex;

namespace {

Cookie cookie_of(View octets) {
  Cookie out;
  REQUIRE(octets.size() == out.bytes.size());
  std::copy(octets.begin(), octets.end(), out.bytes.begin());
  return out;
}

std::uint32_t number_of(View octets) {
  std::uint32_t out = 0;
  for (const std::byte octet : octets) out = out << 8 | std::to_integer<std::uint32_t>(octet);
  return out;
}

Address ipv4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
  Address out;
  out.bytes = {std::byte{a}, std::byte{b}, std::byte{c}, std::byte{d}};
  return out;
}

// Recording is one recorded exchange, with the member's side set up as its makers had it.
Result<Session> session_by(const main_mode::AwaitingProof& state, const IsakmpMessage& message_6,
                           const PreSharedKey& authenticator) {
  auto proof = main_mode::proof_in(state, message_6, authenticator);
  if (!proof) return tl::unexpected<Error>{proof.error()};
  return main_mode::on(state, std::move(*proof), authenticator);
}

struct Recording {
  support::VectorFile file;
  KeyMaterial pre_shared_key;
  PreSharedKey authenticator{pre_shared_key};
  ExchangeConfig config;
  MessageId pull_id;

  Recording(const std::string& name, std::uint32_t lifetime, const Address& member)
      : file{support::recorded(name)},
        pre_shared_key{KeyMaterial::copy_of(support::text_octets(text("psk_ascii")))} {
    // 3DES, SHA-1, MODP group 2; that implementation counts transforms from 0.
    constexpr Phase1Proposal proposal{CipherAlgorithm::triple_des_cbc, 0, HashAlgorithm::sha1,
                                      DhGroup::modp1024};
    config.sa = offer({&proposal, 1}, authentication_pre_shared_key, seconds{lifetime}, doi_gdoi);
    config.sa.transforms.front().number = 0;
    config.identity = identification_of(member, 0, 0);
    config.initial_contact = true;
    pull_id.value = number_of(octets("pull_msgid"));
  }

  [[nodiscard]] const std::string& text(const std::string& key) const {
    return file.top().text(key);
  }
  [[nodiscard]] Bytes octets(const std::string& key) const { return file.top().octets(key); }
  [[nodiscard]] CookiePair cookies() const {
    return {cookie_of(octets("cookie_i")), cookie_of(octets("cookie_r"))};
  }
  // The nonce of a plaintext PULL message, which follows the HASH of 20 octets.
  [[nodiscard]] Bytes nonce_in(const std::string& key) const {
    const Bytes plain = octets(key);
    return Bytes(plain.begin() + 28, plain.begin() + 44);
  }

  // What messages 1 to 4 settled, as our states see it.
  [[nodiscard]] KeyExchange exchange() const {
    auto first = main_mode::propose(config, cookies().initiator);
    REQUIRE(failure(first) == "");
    KeyExchange out;
    out.suite = {CipherAlgorithm::triple_des_cbc, 0, HashAlgorithm::sha1, DhGroup::modp1024};
    out.cookies = cookies();
    out.sa_b = first->sa_b;
    out.g_xi = octets("g_xi");
    out.g_xr = octets("g_xr");
    out.ni_b = octets("Ni_b");
    out.nr_b = octets("Nr_b");
    out.g_xy = KeyMaterial::copy_of(octets("g_xy"));
    return out;
  }

  [[nodiscard]] Result<Session> phase1() const {
    const auto proof = main_mode::prove(exchange(), config, authenticator);
    REQUIRE(failure(proof) == "");
    const Bytes wire = octets("mm6_wire");
    const auto message_6 = parse_message(wire);
    REQUIRE(failure(message_6) == "");
    return session_by(*proof, *message_6, authenticator);
  }

  [[nodiscard]] Result<Registration> registration(const Session& session) const {
    return Registration::start(session, {GroupNumber{1234}, pull_id, nonce_in("pull1_plain"), {}});
  }
};

Recording without_kek() { return {"pull-no-kek.txt", 3600, ipv4(127, 0, 0, 1)}; }
Recording with_kek() { return {"pull-kek-push.txt", 60, ipv4(10, 0, 224, 37)}; }

Registration::Event event_of(Registration& registration, const Session& session, View wire) {
  const auto message = parse_message(wire);
  REQUIRE(failure(message) == "");
  auto event = registration.receive(session, *message);
  REQUIRE(failure(event) == "");
  return std::move(*event);
}

// The whole exchange from message 5 on; the policy it ends with.
GroupPolicy replay(const Recording& recording) {
  const auto session = recording.phase1();
  REQUIRE(failure(session) == "");
  auto registration = recording.registration(*session);
  REQUIRE(failure(registration) == "");
  CHECK(hex(registration->request()) == recording.text("pull1_wire"));

  const auto event_2 = event_of(*registration, *session, recording.octets("pull2_wire"));
  REQUIRE(std::holds_alternative<Registration::Continue>(event_2));
  CHECK(hex(std::get<Registration::Continue>(event_2).send) == recording.text("pull3_wire"));

  auto event_4 = event_of(*registration, *session, recording.octets("pull4_wire"));
  if (const auto* refused = std::get_if<Registration::Refused>(&event_4)) FAIL(refused->why.where);
  REQUIRE(std::holds_alternative<Registration::Complete>(event_4));
  return std::move(std::get<Registration::Complete>(event_4).policy);
}

void check_wire(const Recording& recording) {
  const auto first = main_mode::propose(recording.config, recording.cookies().initiator);
  REQUIRE(failure(first) == "");
  CHECK(hex(first->sent) == recording.text("mm1_wire"));

  const Bytes wire = recording.octets("mm2_wire");
  const auto message_2 = parse_message(wire);
  REQUIRE(failure(message_2) == "");
  const auto suite = main_mode::answer_in(*first, *message_2);
  REQUIRE(failure(suite) == "");
  CHECK(message_2->header.cookies == recording.cookies());
  CHECK(*suite == recording.exchange().suite);

  const auto message_3 = main_mode::message_3(recording.cookies(), *suite, {}, recording.config,
                                              recording.authenticator, recording.octets("g_xi"),
                                              recording.octets("Ni_b"));
  REQUIRE(failure(message_3) == "");
  CHECK(hex(*message_3) == recording.text("mm3_wire"));

  const auto proof =
      main_mode::prove(recording.exchange(), recording.config, recording.authenticator);
  REQUIRE(failure(proof) == "");
  CHECK(hex(proof->sent.message) == recording.text("mm5_wire"));
}

void check_keys(const Recording& recording) {
  const KeyExchange exchange = recording.exchange();
  const Phase1Keys keys = derive_keys(recording.authenticator.skeyid(exchange), exchange);
  CHECK(hex(keys.skeyid.view()) == recording.text("SKEYID"));
  CHECK(hex(keys.skeyid_d.view()) == recording.text("SKEYID_d"));
  CHECK(hex(keys.skeyid_a.view()) == recording.text("SKEYID_a"));
  CHECK(hex(keys.skeyid_e.view()) == recording.text("SKEYID_e"));
  CHECK(hex(keys.cipher_key.view()) == recording.text("phase1_key_3des"));
  CHECK(hex(phase1_iv(exchange)) == recording.text("phase1_iv"));

  const auto session = recording.phase1();
  REQUIRE(failure(session) == "");
  CHECK(hex(session->last_block) == recording.text("last_phase1_block"));
  CHECK(hex(session->iv(recording.pull_id)) == recording.text("pull_iv"));
}

// The recorded hashes of both sides: the first 20 octets after the generic header of the HASH.
void check_hashes(const Recording& recording) {
  const KeyExchange exchange = recording.exchange();
  const Phase1Keys keys = derive_keys(recording.authenticator.skeyid(exchange), exchange);
  const auto part = [&](const std::string& key, std::size_t from, std::size_t size) {
    const Bytes plain = recording.octets(key);
    return hex(View{plain}.subspan(from, size));
  };
  const Bytes mm5 = recording.octets("mm5_plain"), mm6 = recording.octets("mm6_plain");
  CHECK(hex(hash_i(exchange, exchange.suite.hash, keys.skeyid.view(), View{mm5}.subspan(4, 8))
                .view()) == part("mm5_plain", 16, 20));
  CHECK(hex(hash_r(exchange, exchange.suite.hash, keys.skeyid.view(), View{mm6}.subspan(4, 8))
                .view()) == part("mm6_plain", 16, 20));

  const auto session = recording.phase1();
  REQUIRE(failure(session) == "");
  const Bytes ni = recording.nonce_in("pull1_plain"), nr = recording.nonce_in("pull2_plain");
  const auto hash_in = [&](const std::string& key, View ni_b, View nr_b) {
    const Bytes plain = recording.octets(key);
    const auto chain = parse_chain(plain, PayloadType::hash, 8);
    REQUIRE(failure(chain) == "");
    const View rest = chain->after(chain->payloads.front());
    CHECK(hex(pull_hash(*session, recording.pull_id, ni_b, nr_b, rest).view()) == part(key, 4, 20));
  };
  hash_in("pull1_plain", {}, {});
  hash_in("pull2_plain", ni, {});
  hash_in("pull3_plain", ni, nr);
  hash_in("pull4_plain", ni, nr);
}

void check_tek(const Tek& tek, std::uint32_t spi, seconds lifetime, Encapsulation encapsulation,
               const std::string& cipher_key, const std::string& integrity_key) {
  CHECK(tek.spi == Spi{spi});
  TekPolicy expected;
  expected.transform = EspTransformId::triple_des;
  expected.key_bits = 192;
  expected.integrity = IntegrityId::hmac_sha1_96;
  expected.encapsulation = encapsulation;
  expected.lifetime = lifetime;
  CHECK(tek.policy == expected);
  CHECK(hex(tek.cipher_key.view()) == cipher_key);
  CHECK(hex(tek.integrity_key.view()) == integrity_key);
}

AddressRange only(const Address& address) { return {address, address}; }

constexpr auto key_1 = "4142434445464748494a4b4c4d4e4f505152535455565758";
constexpr auto key_2 = "46454443424131314c4b4a49484732325251504f4e4d3333";

}  // namespace

TEST_CASE("our phase 1 messages are those of the recorded member") {
  check_wire(without_kek());
  check_wire(with_kek());
}

TEST_CASE("keys and IVs of the recorded exchanges come out") {
  check_keys(without_kek());
  check_keys(with_kek());
}

TEST_CASE("hashes of the recorded exchanges come out") {
  check_hashes(without_kek());
  check_hashes(with_kek());
}

TEST_CASE("the recorded registration without a KEK yields its policy") {
  const GroupPolicy policy = replay(without_kek());

  CHECK_FALSE(policy.kek);
  REQUIRE(policy.teks.size() == 2);
  check_tek(policy.teks[0], 0x1122aabb, seconds{3600}, Encapsulation::tunnel, key_1,
            "3132333435363738393031323334353637383930");
  check_tek(policy.teks[1], 0x3344ccdd, seconds{3600}, Encapsulation::tunnel, key_2,
            "3031323334353637383930313233343536373839");
  const TrafficSelector first{
      0, {only(ipv4(172, 19, 137, 42)), 4}, {only(ipv4(239, 192, 1, 1)), 4}};
  const TrafficSelector second{
      0, {only(ipv4(172, 19, 137, 42)), 2}, {only(ipv4(239, 192, 1, 2)), 2}};
  CHECK(policy.entries ==
        std::vector<AccessEntry>{{AccessEntry::Action::permit, first, Spi{0x1122aabb}},
                                 {AccessEntry::Action::permit, second, Spi{0x3344ccdd}}});
  CHECK(policy.skipped_entries == 0);
  CHECK(policy.skipped_protocols == 0);
  CHECK(policy.ignored_attributes == 0);
  CHECK(policy.ignored_keys == 0);
  CHECK_FALSE(policy.activation_delay);
  CHECK_FALSE(policy.deactivation_delay);
  CHECK_FALSE(policy.sender_ids);
}

TEST_CASE("the recorded registration with a KEK yields its policy") {
  const Recording recording = with_kek();
  const GroupPolicy policy = replay(recording);

  REQUIRE(policy.teks.size() == 2);
  check_tek(policy.teks[0], 0x1122aabb, seconds{60}, Encapsulation::transport, key_1,
            "3132333435363738393031323334353637383930");
  check_tek(policy.teks[1], 0x3344ccdd, seconds{60}, Encapsulation::transport, key_2,
            "3031323334353637383930313233343536373839");
  const TrafficSelector first{0, {only(ipv4(10, 0, 224, 37)), 0}, {only(ipv4(239, 1, 1, 1)), 0}};
  const TrafficSelector second{0, {only(ipv4(10, 0, 224, 40)), 0}, {only(ipv4(239, 1, 1, 2)), 0}};
  CHECK(policy.entries ==
        std::vector<AccessEntry>{{AccessEntry::Action::permit, first, Spi{0x1122aabb}},
                                 {AccessEntry::Action::permit, second, Spi{0x3344ccdd}}});

  REQUIRE(policy.kek);
  const Kek& kek = *policy.kek;
  CHECK(hex(kek.key.view()) == recording.text("kek_key"));
  CHECK(hex(kek.iv.view()) == recording.text("kek_iv"));
  CHECK(hex(kek.policy.spi.initiator.bytes) + hex(kek.policy.spi.responder.bytes) ==
        recording.text("kek_spi"));
  CHECK(hex(kek.signature_key) == recording.text("sig_pubkey_spki_der"));
  CHECK(kek.last_sequence == SequenceNumber{0});
  CHECK(kek.policy.cipher == CipherAlgorithm::triple_des_cbc);
  CHECK(kek.policy.key_bits == 192);
  CHECK(kek.policy.signature == SignatureAlgorithm::rsa);
  CHECK(kek.policy.signature_hash == HashAlgorithm::sha1);
  CHECK(kek.policy.management == 0);
  CHECK_FALSE(kek.policy.acknowledgement);
  CHECK(kek.policy.source == TrafficEnd{only(ipv4(10, 0, 224, 44)), 848});
  CHECK(kek.policy.destination == TrafficEnd{only(ipv4(239, 10, 1, 1)), 848});
}

TEST_CASE(
    "a recorded message with any octet changed moves nothing, and the honest one still does") {
  const Recording recording = with_kek();
  const auto session = recording.phase1();
  REQUIRE(failure(session) == "");
  auto registration = recording.registration(*session);
  REQUIRE(failure(registration) == "");

  for (const auto* key : {"pull2_wire", "pull4_wire"}) {
    const Bytes honest = recording.octets(key);
    const Bytes before = registration->request();
    for (std::size_t i = IsakmpHeader::size; i < honest.size(); ++i) {
      Bytes forged = honest;
      forged[i] ^= std::byte{0x10};
      const auto message = parse_message(forged);
      REQUIRE(failure(message) == "");
      REQUIRE_FALSE(registration->receive(*session, *message));
      REQUIRE(registration->request() == before);
    }
    const auto event = event_of(*registration, *session, honest);
    CHECK_FALSE(std::holds_alternative<Registration::Refused>(event));
  }
  CHECK(registration->stage() == Registration::Stage::over);
}

TEST_CASE("a recorded message 6 under another pre-shared key proves nothing") {
  const Recording recording = without_kek();
  const KeyMaterial wrong = KeyMaterial::copy_of(support::text_octets("mekmitasdigoa"));
  const PreSharedKey authenticator{wrong};
  const auto proof = main_mode::prove(recording.exchange(), recording.config, authenticator);
  REQUIRE(failure(proof) == "");
  CHECK(hex(proof->sent.message) != recording.text("mm5_wire"));

  const Bytes wire = recording.octets("mm6_wire");
  const auto message_6 = parse_message(wire);
  REQUIRE(failure(message_6) == "");
  CHECK_FALSE(session_by(*proof, *message_6, authenticator));
}

}  // namespace replay_test
