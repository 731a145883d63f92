// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/header_variants.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace header_variants_test {

using namespace gdoi;
using support::hex;

namespace {

IsakmpHeader received_header(std::uint32_t length) {
  IsakmpHeader out;
  out.cookies = push_test::spi_of({});
  out.next = PayloadType::sequence;
  out.exchange = ExchangeType::groupkey_push;
  out.flags = IsakmpHeader::encrypted;
  out.length = length;
  return out;
}

}  // namespace

TEST_CASE("the variants differ in Length and in the encryption flag only") {
  const auto header = received_header(28 + 112);
  const std::string cookies = hex(push_test::kek_spi('K'));
  const auto written = [&](HeaderVariant variant) {
    return hex(signed_header(variant, header, 100));
  };
  CHECK(written(HeaderVariant::unpadded) == cookies +
                                                "12102101"
                                                "00000000"
                                                "00000080");
  CHECK(written(HeaderVariant::as_received) == cookies +
                                                   "12102101"
                                                   "00000000"
                                                   "0000008c");
  CHECK(written(HeaderVariant::unpadded_clear) == cookies +
                                                      "12102100"
                                                      "00000000"
                                                      "00000080");
  CHECK(written(HeaderVariant::padded_clear) == cookies +
                                                    "12102100"
                                                    "00000000"
                                                    "0000008c");
}

TEST_CASE("the hash covers the word rekey, the header and the payloads") {
  const Bytes header = support::octets("0102"), payloads = support::octets("0304");
  CHECK(push_hash(HashAlgorithm::sha256, header, payloads) ==
        ks::hash(ks::sha256, support::octets("72656b6579 0102 0304")));
}

TEST_CASE("the variant that a key server signs is found and told") {
  const ks::Signer& signer = ks::Signer::rsa(2048);
  const auto key = VerificationKey::parse(signer.public_key());
  REQUIRE(key);
  const auto header = received_header(28 + 112);
  const Bytes payloads(80, std::byte{5});
  for (const HeaderVariant variant : header_variants) {
    INFO(name_of(variant));
    const Bytes covered = support::joined(
        {support::text_octets("rekey"), signed_header(variant, header, 100), payloads});
    const Bytes with_info = signer.sign(ks::sha1, covered),
                bare = signer.sign(ks::sha1, covered, false);
    CHECK(verify_push(*key, HashAlgorithm::sha1, {header, payloads, 100, with_info}) ==
          SignedForm{variant, SignatureEncoding::digest_info});
    CHECK(verify_push(*key, HashAlgorithm::sha1, {header, payloads, 100, bare}) ==
          SignedForm{variant, SignatureEncoding::raw_hash});
  }
}

TEST_CASE("a signature over no variant of the header does not verify") {
  const ks::Signer& signer = ks::Signer::rsa(2048);
  const auto key = VerificationKey::parse(signer.public_key());
  REQUIRE(key);
  const auto header = received_header(28 + 112);
  const Bytes payloads(80, std::byte{5});
  const auto verify = [&](const IsakmpHeader& signed_as, const std::string& word) {
    const Bytes signature = signer.sign(
        ks::sha256,
        support::joined({support::text_octets(word),
                         signed_header(HeaderVariant::as_received, signed_as, 100), payloads}));
    return verify_push(*key, HashAlgorithm::sha256, {header, payloads, 100, signature});
  };
  REQUIRE(verify(header, "rekey"));
  CHECK(support::failure(verify(received_header(28 + 104), "rekey")) ==
        "not authentic: signature of a PUSH");
  CHECK_FALSE(verify(header, ""));
  CHECK_FALSE(verify(header, std::string{"rekey\0", 6}));
  auto other = header;
  other.cookies.responder.bytes[7] ^= std::byte{1};
  CHECK_FALSE(verify(other, "rekey"));
  other = header;
  other.message_id = {1};
  CHECK_FALSE(verify(other, "rekey"));
}

TEST_CASE("without padding the first variant with these octets is the one told") {
  const ks::Signer& signer = ks::Signer::ecdsa("P-256");
  const auto key = VerificationKey::parse(signer.public_key());
  REQUIRE(key);
  const auto header = received_header(28 + 100);
  const Bytes payloads(80, std::byte{5});
  const Bytes signature = signer.sign(
      ks::sha256,
      support::joined({support::text_octets("rekey"),
                       signed_header(HeaderVariant::padded_clear, header, 100), payloads}));
  CHECK(verify_push(*key, HashAlgorithm::sha256, {header, payloads, 100, signature}) ==
        SignedForm{HeaderVariant::unpadded_clear, SignatureEncoding::r_and_s});
}

}  // namespace header_variants_test
