// SPDX-License-Identifier: GPL-2.0-or-later
// Two GROUPKEY-PUSH messages of another implementation, and acknowledgements computed by others.

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/vector_file.h"

namespace recorded_test {

using namespace gdoi;
using support::hex;

namespace {

constexpr Instant noon{std::chrono::hours{12}};
const Address member{Address::Family::ipv4,
                     {std::byte{10}, std::byte{0}, std::byte{0xe0}, std::byte{0x25}}};

const support::VectorSection& vectors() {
  static const auto file = support::recorded("pull-kek-push.txt");
  return file.top();
}

RekeySpi spi_of(View octets) {
  RekeySpi out;
  std::copy_n(octets.begin(), 8, out.initiator.bytes.begin());
  std::copy_n(octets.begin() + 8, 8, out.responder.bytes.begin());
  return out;
}

// registered is the KEK out of the recorded PULL: 3DES, SHA-1, RSA.
Kek registered() {
  Kek out;
  out.policy.spi = spi_of(vectors().octets("kek_spi"));
  out.policy.cipher = CipherAlgorithm::triple_des_cbc;
  out.policy.key_bits = 192;
  out.policy.lifetime = std::chrono::hours{8};
  out.policy.signature_hash = HashAlgorithm::sha1;
  out.policy.signature = SignatureAlgorithm::rsa;
  out.key = KeyMaterial::copy_of(vectors().octets("kek_key"));
  out.iv = KeyMaterial::copy_of(vectors().octets("kek_iv"));
  out.signature_key = vectors().octets("sig_pubkey_spki_der");
  return out;
}

Result<PushOutcome> receive(RekeySaTable& sas, View datagram, Instant now) {
  const auto message = parse_message(datagram);
  if (!message) return tl::unexpected<Error>{message.error()};
  return sas.receive(*message, PushSender::key_server, now);
}

RekeySaTable holding() {
  RekeySaTable out;
  REQUIRE(out.adopt(registered(), member, noon));
  return out;
}

// PushOf is one of the two: what the recording says of it, and what its plaintext holds.
struct PushOf {
  std::string name;
  std::uint32_t sequence;
  std::array<std::uint32_t, 2> spis;
};
const std::array pushes{PushOf{"push1", 1, {0x2e22fbb7, 0x2123d5f2}},
                        PushOf{"push2", 2, {0x6181ef69, 0x29bacf25}}};

std::string tek_keys(const Tek& tek) {
  return hex(tek.cipher_key.view()) + " " + hex(tek.integrity_key.view());
}

}  // namespace

TEST_CASE("the recorded PUSHes decrypt, verify and bring their SAs") {
  auto sas = holding();
  for (const PushOf& push : pushes) {
    INFO(push.name);
    const auto outcome = receive(sas, vectors().octets(push.name + "_wire"), noon);
    INFO(support::failure(outcome));
    REQUIRE(outcome);
    const auto* const rekey = std::get_if<Rekey>(&*outcome);
    REQUIRE(rekey != nullptr);
    CHECK(rekey->sequence == SequenceNumber{push.sequence});
    CHECK(rekey->form == SignedForm{HeaderVariant::unpadded, SignatureEncoding::raw_hash});
    CHECK(rekey->deletes.empty());
    CHECK(rekey->replaces_list);
    REQUIRE(rekey->policy);
    const GroupPolicy& policy = *rekey->policy;
    CHECK_FALSE(policy.kek);
    REQUIRE(policy.entries.size() == 2);
    CHECK(describe(policy.entries[0].selector) == "ip host 10.0.224.37 host 239.1.1.1");
    CHECK(describe(policy.entries[1].selector) == "ip host 10.0.224.40 host 239.1.1.2");
    REQUIRE(policy.teks.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(policy.entries[i].spi == Spi{push.spis[i]});
      const Tek& tek = policy.teks[i];
      CHECK(tek.spi == Spi{push.spis[i]});
      CHECK(tek.policy.transform == EspTransformId::triple_des);
      CHECK(tek.policy.integrity == IntegrityId::hmac_sha1_96);
      CHECK(tek.policy.encapsulation == Encapsulation::transport);
      CHECK(tek.policy.lifetime == seconds{60});
    }
  }
}

TEST_CASE("the keys of the recorded PUSHes are those of their plaintext") {
  auto sas = holding();
  const std::array expected{
      "054ab45cf180cf16ec5d691cd9aecf3f6768850f33ccb111 9946932950584877a3394974e3d2a04f142c1d6b",
      "d367b868d95d7f3f345ae02af74f79325e945454a0dfef4d 10815b13a8274909f6f8cd0d05b1d75294638a2e",
      "b4c1aa0bbcacb23644859d77786eb24afaa2fa2149cf5154 e600643e237e2114d05707711acd1550da794442",
      "699e9a1a6a255e477eb38d364c713b6a7e517b32511b461f b3ab5b5d486bbf5184630f7e538b4b2b3a41e372"};
  std::size_t at = 0;
  for (const PushOf& push : pushes) {
    const auto outcome = receive(sas, vectors().octets(push.name + "_wire"), noon);
    REQUIRE(outcome);
    REQUIRE(std::holds_alternative<Rekey>(*outcome));
    for (const Tek& tek : std::get<Rekey>(*outcome).policy->teks) {
      CHECK(hex(vectors().octets(push.name + "_plain")).find(tek_keys(tek).substr(0, 48)) !=
            std::string::npos);
      CHECK(tek_keys(tek) == expected.at(at++));
    }
  }
}

TEST_CASE("the signed octets, the hash and the signature are the recorded ones") {
  const auto key = VerificationKey::parse(vectors().octets("sig_pubkey_spki_der"));
  REQUIRE(key);
  for (const PushOf& push : pushes) {
    INFO(push.name);
    const Bytes wire = vectors().octets(push.name + "_wire");
    const Bytes plain = vectors().octets(push.name + "_plain");
    const auto message = parse_message(wire);
    REQUIRE(message);
    const Kek kek = registered();
    const auto decrypted = decrypt(kek.policy.cipher, kek.key.view(), kek.iv.view(), message->body);
    REQUIRE(decrypted);
    CHECK(hex(*decrypted) == hex(plain));
    const auto payloads = parse_chain(plain, PayloadType::sequence, 8);
    REQUIRE(payloads);
    const auto frame = read_frame(*payloads);
    REQUIRE(frame);

    const Bytes header =
        signed_header(HeaderVariant::unpadded, message->header, frame->payload_octets);
    CHECK(hex(support::joined({support::text_octets("rekey"), header, frame->before_signature})) ==
          hex(vectors().octets(push.name + "_signed_octets")));
    const Bytes hashed = push_hash(HashAlgorithm::sha1, header, frame->before_signature);
    CHECK(hex(hashed) == hex(vectors().octets(push.name + "_hash_sha1")));
    CHECK(hex(frame->signature) == hex(vectors().octets(push.name + "_sig")));
    CHECK(key->verify(HashAlgorithm::sha1, hashed, frame->signature) ==
          SignatureEncoding::raw_hash);
  }
}

TEST_CASE("the recorded PUSHes are accepted once, in their order, and unaltered") {
  const Bytes first = vectors().octets("push1_wire"), second = vectors().octets("push2_wire");
  auto sas = holding();
  REQUIRE(receive(sas, second, noon));
  CHECK(support::failure(receive(sas, first, noon)) == "unexpected: old sequence number of a PUSH");

  auto fresh = holding();
  Bytes forged = first;
  for (std::size_t bit = 0; bit < 8 * forged.size(); ++bit) {
    const auto mask = static_cast<std::byte>(1U << bit % 8);
    forged[bit / 8] ^= mask;
    CHECK_FALSE(receive(fresh, forged, noon));
    forged[bit / 8] ^= mask;
  }
  CHECK(receive(fresh, first, noon));
}

TEST_CASE("the computed acknowledgements are ours") {
  // What L stands for in a section's name, for this KEK of 192 bits.
  const std::map<std::string, std::pair<AckType, AckKeyLength>> sections{
      {"sha256 L=256", {AckType::kek_sha256, AckKeyLength::output}},
      {"sha256 L=512", {AckType::kek_sha256, AckKeyLength::block}},
      {"sha256 L=192", {AckType::kek_sha256, AckKeyLength::base_key}},
      {"sha512 L=512", {AckType::kek_sha512, AckKeyLength::output}},
      {"sha512 L=1024", {AckType::kek_sha512, AckKeyLength::block}},
      {"sha512 L=192", {AckType::kek_sha512, AckKeyLength::base_key}}};
  const auto file = support::recorded("ack-rfc8263-computed.txt");
  const Bytes base_key = file.top().octets("base_key");
  REQUIRE(file.sections().size() == sections.size());
  for (const auto& section : file.sections()) {
    INFO(section.name());
    const auto [type, length] = sections.at(section.name());
    const AckFacts facts{type, spi_of(file.top().octets("spi")), {1}, member, base_key};
    CHECK(hex(derive_ack_key(facts, length).view()) == hex(section.octets("ack_key")));
    CHECK(hex(encode_acknowledgement(facts, length)) == hex(section.octets("message")));
  }
}

TEST_CASE("the first recorded PUSH is acknowledged as computed") {
  RekeySaTable sas;
  Kek kek = registered();
  kek.policy.acknowledgement = AckType::kek_sha256;
  REQUIRE(sas.adopt(kek, member, noon));
  const auto outcome = receive(sas, vectors().octets("push1_wire"), noon);
  REQUIRE(outcome);
  REQUIRE(std::holds_alternative<Rekey>(*outcome));
  const auto file = support::recorded("ack-rfc8263-computed.txt");
  for (const auto& section : file.sections())
    if (section.name() == "sha256 L=512")
      CHECK(std::get<Rekey>(*outcome).acknowledgement == section.octets("message"));
}

}  // namespace recorded_test
