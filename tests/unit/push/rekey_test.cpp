// SPDX-License-Identifier: GPL-2.0-or-later
// What RekeySaTable accepts.
#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace rekey_test {

using namespace gdoi;
using namespace push_test;

namespace {

RekeySaTable holding(const ks::Kek& kek, std::uint32_t last = 0,
                     std::optional<AckType> acknowledgement = {}) {
  RekeySaTable out;
  Kek registered = downloaded(kek, last);
  registered.policy.acknowledgement = acknowledgement;
  REQUIRE(out.adopt(registered, member, noon));
  return out;
}

struct Cipher {
  std::string name;
  unsigned encryption;
  std::size_t key, block;
};

}  // namespace

TEST_CASE("a PUSH with new TEKs becomes a rekey") {
  const ks::Kek kek;
  auto sas = holding(kek, 4);
  const Rekey rekey = accepted(receive(sas, datagram(kek, tek_push(5, 0x1107)), noon));
  CHECK(rekey.under == spi_of(kek));
  CHECK(rekey.sequence == SequenceNumber{5});
  CHECK(rekey.form == SignedForm{HeaderVariant::unpadded, SignatureEncoding::digest_info});
  CHECK(rekey.deletes.empty());
  CHECK(rekey.replaces_list);
  CHECK_FALSE(rekey.new_kek);
  REQUIRE(rekey.policy);
  CHECK(rekey.policy->entries.size() == 2);
  REQUIRE(rekey.policy->find({0x1107}) != nullptr);
  CHECK(rekey.policy->find({0x1107})->cipher_key.equals(repeated(7, 16)));
  CHECK_FALSE(rekey.acknowledgement);
  CHECK_FALSE(rekey.acknowledgement_type);
  CHECK(state(sas) == "current K 5 until 3600; ");
}

TEST_CASE("each cipher, signature, hash and header variant is understood") {
  const Cipher cipher = GENERATE(Cipher{"AES-128-CBC", ks::aes_cbc, 16, 16},
                                 Cipher{"AES-192-CBC", ks::aes_cbc, 24, 16},
                                 Cipher{"AES-256-CBC", ks::aes_cbc, 32, 16},
                                 Cipher{"DES-EDE3-CBC", ks::triple_des_cbc, 24, 8});
  ks::Kek kek;
  kek.encryption = cipher.encryption;
  kek.key.clear();  // three different keys, or 3DES would be DES
  for (std::size_t i = 0; i < cipher.key; ++i)
    kek.key.push_back(static_cast<std::byte>(16 * i + 2));
  kek.iv = repeated(0x5a, cipher.block);

  const std::array signers{&Signer::rsa(1024),      &Signer::rsa(2048),
                           &Signer::rsa(4096),      &Signer::ecdsa("P-256"),
                           &Signer::ecdsa("P-384"), &Signer::ecdsa("P-521")};
  for (const Signer* signer : signers)
    for (const unsigned hash : {ks::md5, ks::sha1, ks::sha256, ks::sha384, ks::sha512})
      for (const unsigned variant : {0U, 1U, 2U, 3U})
        for (const bool digest_info : {true, false}) {
          const bool rsa = signer->is_rsa();
          if (!rsa && !digest_info) continue;
          kek.signer = signer;
          kek.hash = hash;
          Push push = tek_push(1, 7);
          push.signed_header = ks::SignedHeader{static_cast<int>(variant)};
          push.digest_info = digest_info;
          push.extra_blocks = 1;  // so that Length with padding is another one
          INFO(cipher.name << " " << signer->bits() << " " << hash << " " << variant << " "
                           << digest_info);
          auto sas = holding(kek);
          const Rekey rekey = accepted(receive(sas, datagram(kek, push), noon));
          CHECK(rekey.form.header == header_variants[variant]);
          CHECK(rekey.form.encoding == (!rsa          ? SignatureEncoding::r_and_s
                                        : digest_info ? SignatureEncoding::digest_info
                                                      : SignatureEncoding::raw_hash));
        }
}

TEST_CASE("the hash that SAK does not name is the one its signature algorithm implies") {
  struct Row {
    const Signer* signer;
    unsigned hash;
  };
  for (const Row& row :
       {Row{&Signer::rsa(2048), ks::sha1}, Row{&Signer::ecdsa("P-256"), ks::sha256},
        Row{&Signer::ecdsa("P-384"), ks::sha384}, Row{&Signer::ecdsa("P-521"), ks::sha512}}) {
    ks::Kek kek;
    kek.signer = row.signer;
    kek.hash = row.hash;
    Kek registered = downloaded(kek);
    registered.policy.signature_hash.reset();
    RekeySaTable sas;
    REQUIRE(sas.adopt(registered, member, noon));
    CHECK(accepted(receive(sas, datagram(kek, tek_push(1, 7)), noon)).sequence ==
          SequenceNumber{1});
  }
}

TEST_CASE("padding may hold anything and be of any length") {
  const ks::Kek kek;
  for (const unsigned octet : {0x00U, 0x01U, 0xffU})
    for (const std::size_t blocks : {std::size_t{0}, std::size_t{1}, std::size_t{17}}) {
      auto sas = holding(kek);
      Push push = tek_push(1, 7);
      push.padding = static_cast<std::byte>(octet);
      push.extra_blocks = blocks;
      CHECK(accepted(receive(sas, datagram(kek, push), noon)).replaces_list);
    }
}

TEST_CASE("certificates before SIG are signed and skipped") {
  const ks::Kek kek;
  auto sas = holding(kek);
  Push push = tek_push(1, 7);
  push.parts.push_back({ks::cert_payload, repeated(4, 300)});
  CHECK(accepted(receive(sas, datagram(kek, push), noon)).ignored_payloads == 1);
}

TEST_CASE("sequence numbers may have gaps") {
  const ks::Kek kek;
  auto sas = holding(kek, 4);
  for (const std::uint32_t number : {5U, 9U, 0x80000000U, 0xffffffffU})
    CHECK(accepted(receive(sas, datagram(kek, tek_push(number, 7)), noon)).sequence ==
          SequenceNumber{number});
}

TEST_CASE("a PUSH that repeats TEKs with a new sequence number is a rekey like any other") {
  const ks::Kek kek;
  auto sas = holding(kek);
  CHECK(accepted(receive(sas, datagram(kek, tek_push(1, 7)), noon)).policy->find({7}) != nullptr);
  const Rekey again = accepted(receive(sas, datagram(kek, tek_push(2, 7)), noon));
  CHECK(again.policy->teks.size() == 1);
  CHECK(again.policy->find({7})->cipher_key.equals(repeated(7, 16)));
}

TEST_CASE("two groups' KEKs do not get into each other's way") {
  ks::Kek ours, theirs;
  theirs.spi = kek_spi('T');
  auto sas = holding(ours);
  CHECK_FALSE(receive(sas, datagram(theirs, tek_push(1, 7)), noon));
  CHECK(accepted(receive(sas, datagram(ours, tek_push(1, 7)), noon)).under == spi_of(ours));
}

TEST_CASE("a copy of the last PUSH is known by its octets and changes nothing") {
  const ks::Kek kek;
  auto sas = holding(kek, 0, AckType::kek_sha256);
  const Bytes first = datagram(kek, tek_push(1, 7));
  const Rekey rekey = accepted(receive(sas, first, noon));
  REQUIRE(rekey.acknowledgement);
  const std::string before = state(sas);

  const auto early = receive(sas, first, noon);
  REQUIRE(early);
  REQUIRE(std::holds_alternative<RepeatedPush>(*early));
  CHECK_FALSE(std::get<RepeatedPush>(*early).acknowledgement);  // nothing is installed yet

  sas.installed();
  const auto later = receive(sas, first, noon);
  REQUIRE(later);
  REQUIRE(std::holds_alternative<RepeatedPush>(*later));
  CHECK(std::get<RepeatedPush>(*later).sequence == SequenceNumber{1});
  CHECK(std::get<RepeatedPush>(*later).acknowledgement == rekey.acknowledgement);
  CHECK(state(sas) == before);
}

TEST_CASE("copies are answered twenty times") {
  const ks::Kek kek;
  auto sas = holding(kek);
  const Bytes first = datagram(kek, tek_push(1, 7));
  static_cast<void>(accepted(receive(sas, first, noon)));
  for (int i = 0; i < 20; ++i) CHECK(receive(sas, first, noon));
  CHECK(support::failure(receive(sas, first, noon)) == "unexpected: PUSH repeated too often");
  CHECK(accepted(receive(sas, datagram(kek, tek_push(2, 7)), noon)).sequence == SequenceNumber{2});
}

TEST_CASE("only the last PUSH has copies; one before it is old") {
  const ks::Kek kek;
  auto sas = holding(kek);
  const Bytes first = datagram(kek, tek_push(1, 7));
  static_cast<void>(accepted(receive(sas, first, noon)));
  static_cast<void>(accepted(receive(sas, datagram(kek, tek_push(2, 8)), noon)));
  CHECK(support::failure(receive(sas, first, noon)) == "unexpected: old sequence number of a PUSH");
}

TEST_CASE("the acknowledgement is made with the KEK that decrypted the PUSH") {
  const ks::Kek kek;
  for (const AckType type : {AckType::kek_sha256, AckType::kek_sha512})
    for (const AckKeyLength length :
         {AckKeyLength::block, AckKeyLength::output, AckKeyLength::base_key}) {
      RekeySaTable sas{{TekWithoutKey::reject, length}};
      Kek registered = downloaded(kek);
      registered.policy.acknowledgement = type;
      REQUIRE(sas.adopt(registered, member, noon));
      const Rekey rekey = accepted(receive(sas, datagram(kek, tek_push(3, 7)), noon));
      CHECK(rekey.acknowledgement_type == type);
      CHECK(rekey.acknowledgement ==
            encode_acknowledgement({type, spi_of(kek), {3}, member, kek.key}, length));
    }
}

TEST_CASE("an acknowledgement that wants an LKH key is named but not made") {
  const ks::Kek kek;
  for (const AckType type : {AckType::lkh_sha256, AckType::lkh_sha512}) {
    auto sas = holding(kek, 0, type);
    const Rekey rekey = accepted(receive(sas, datagram(kek, tek_push(1, 7)), noon));
    CHECK(rekey.acknowledgement_type == type);
    CHECK_FALSE(rekey.acknowledgement);
  }
}

TEST_CASE("a SAK in the PUSH decides whether that PUSH is acknowledged") {
  const ks::Kek kek;
  ks::Kek next;
  next.spi = kek_spi('N');
  Sak asks;
  asks.acknowledgement = 1;
  auto silent = holding(kek);
  const Rekey asked = accepted(receive(silent, datagram(kek, kek_push(1, 7, next, asks)), noon));
  REQUIRE(asked.acknowledgement);
  CHECK(asked.acknowledgement ==
        encode_acknowledgement({AckType::kek_sha256, spi_of(kek), {1}, member, kek.key},
                               AckKeyLength::block));
  auto asking = holding(kek, 0, AckType::kek_sha256);
  CHECK_FALSE(accepted(receive(asking, datagram(kek, kek_push(1, 7, next)), noon)).acknowledgement);
}

}  // namespace rekey_test
