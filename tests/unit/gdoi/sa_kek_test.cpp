// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa_kek.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace sa_kek_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

// RFC 6407 figure 5: UDP, 10.0.0.5:848 to 239.1.1.1:848, SPI, RESERVED2.
const std::string source = "01 0350 04 0a000005", destination = "01 0350 04 ef010101";
const std::string spi = "6162636465666768 3031323334353637", reserved = "00000000";
const std::string fixed = "11" + source + destination + spi + reserved;
// AES-256, 86400 s, SHA-256, RSA, 2048 bits.
const std::string attributes = "80020003 80030100 00040004 00015180 80050003 80060001 80070800";

Result<KekPolicy> parse(const std::string& text) { return parse_sa_kek(octets(text)); }
std::string refusal(const std::string& kek_attributes) {
  return failure(parse(fixed + kek_attributes));
}

}  // namespace

TEST_CASE("a SAK says how and where the group is rekeyed") {
  const auto kek = parse(fixed + attributes);
  REQUIRE(failure(kek).empty());
  CHECK(describe(kek->source.addresses.first) == "10.0.0.5");
  CHECK(kek->source.port == 848);
  CHECK(describe(kek->destination.addresses.last) == "239.1.1.1");
  CHECK(hex(kek->spi.initiator.bytes) == "6162636465666768");
  CHECK(hex(kek->spi.responder.bytes) == "3031323334353637");
  CHECK(kek->cipher == CipherAlgorithm::aes_cbc);
  CHECK(kek->key_bits == 256);
  CHECK(kek->lifetime == seconds{86400});
  CHECK(kek->signature_hash == HashAlgorithm::sha256);
  CHECK(kek->signature == SignatureAlgorithm::rsa);
  CHECK(kek->signature_key_bits == 2048);
  CHECK(kek->management == 0);
  CHECK_FALSE(kek->acknowledgement);
  CHECK(kek->ignored_attributes == 0);
}

TEST_CASE("a SAK with two-octet ID lengths means the same") {
  const auto two =
      parse("11 01 0350 0004 0a000005 01 0350 0004 ef010101" + spi + reserved + attributes);
  REQUIRE(failure(two).empty());
  CHECK(*two == *parse(fixed + attributes));
}

TEST_CASE("lengths of both kinds in one SAK are refused") {
  CHECK_FALSE(parse("11 01 0350 04 0a000005 01 0350 0004 ef010101" + spi + reserved + attributes));
  CHECK_FALSE(parse("11 01 0350 0004 0a000005 01 0350 04 ef010101" + spi + reserved + attributes));
}

TEST_CASE("a SAK cut anywhere is refused") {
  const Bytes whole = octets(fixed + "80020003 80030100 80060001");
  REQUIRE(parse_sa_kek(whole));
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parse_sa_kek(View{whole}.first(size)));
}

TEST_CASE("the octets RFC 3547 had for POP are not judged") {
  CHECK(parse("11" + source + destination + spi + "00010400" + attributes));
}

TEST_CASE("a SAK for another protocol than UDP is refused") {
  const auto tcp = parse("06" + source + destination + spi + reserved + attributes);
  CHECK(failure(tcp) == "unsupported: SAK protocol");
  CHECK(detail(tcp) == 6);
}

TEST_CASE("a SAK whose destination is a name is refused") {
  CHECK(failure(parse("11" + source + "02 0350 02 6b73" + spi + reserved + attributes)) ==
        "unsupported: ID type that names no addresses");
}

TEST_CASE("a SAK whose source is a name is taken, since nothing depends on it") {
  const auto named = parse("11 02 0350 02 6b73" + destination + spi + reserved + attributes);
  REQUIRE(failure(named).empty());
  CHECK(describe(named->destination.addresses.first) == "239.1.1.1");
  const auto wide =
      parse("11 02 0350 0002 6b73 01 0350 0004 ef010101" + spi + reserved + attributes);
  REQUIRE(failure(wide).empty());
  CHECK(describe(wide->destination.addresses.first) == "239.1.1.1");
  CHECK(failure(parse("11 07 0350 08 0a000002 0a000001" + destination + spi + reserved +
                      attributes)) == "malformed: ID range ends before it begins");
}

TEST_CASE("an SPI of zero is refused, half of it zero is not") {
  const std::string zero = "0000000000000000";
  CHECK(failure(parse("11" + source + destination + zero + zero + reserved + attributes)) ==
        "malformed: SAK SPI of 0");
  CHECK(parse("11" + source + destination + zero + "0000000000000001" + reserved + attributes));
}

TEST_CASE("cipher and signature algorithm must be there") {
  CHECK(refusal("80030100 80060001") == "malformed: SAK without KEK_ALGORITHM");
  CHECK(refusal("80020003 80030100") == "malformed: SAK without SIG_ALGORITHM");
}

TEST_CASE("unknown ciphers, hashes and signatures are refused with their number") {
  CHECK(refusal("80020004 80060001") == "unsupported: KEK_ALGORITHM");
  CHECK(refusal("80020000 80060001") == "unsupported: KEK_ALGORITHM");
  CHECK(refusal("80020002 80050006 80060001") == "unsupported: SIG_HASH_ALGORITHM");
  CHECK(refusal("80020002 80050000 80060001") == "unsupported: SIG_HASH_ALGORITHM");
  CHECK(refusal("80020002 80060007") == "unsupported: SIG_ALGORITHM");
  CHECK(refusal("80020002 80060000") == "unsupported: SIG_ALGORITHM");
  CHECK(detail(parse(fixed + "80020080 80060001")) == 128);
}

TEST_CASE("AES needs a key length, and one it has") {
  CHECK(refusal("80020003 80060001") == "malformed: SAK with AES but no KEK_KEY_LENGTH");
  for (const char* bits : {"0080", "00c0", "0100"})
    CHECK(refusal(std::string{"80020003 80060001 8003"} + bits).empty());
  for (const char* bits : {"0000", "0010", "007f", "0200", "4080"})
    CHECK(refusal(std::string{"80020003 80060001 8003"} + bits) == "unsupported: KEK_KEY_LENGTH");
}

TEST_CASE("DES and 3DES need no key length, but a wrong one is refused") {
  CHECK(parse(fixed + "80020001 80060001")->key_bits == 64);
  CHECK(parse(fixed + "80020001 80030038 80060001")->key_bits == 64);
  CHECK(parse(fixed + "80020002 80060001")->key_bits == 192);
  CHECK(parse(fixed + "80020002 800300a8 80060001")->key_bits == 192);
  CHECK(refusal("80020002 80030080 80060001") == "unsupported: KEK_KEY_LENGTH");
  CHECK(refusal("80020001 80030080 80060001") == "unsupported: KEK_KEY_LENGTH");
}

TEST_CASE("an absent lifetime is RFC 2407's default, one of 0 is refused") {
  CHECK(parse(fixed + "80020002 80060001")->lifetime == seconds{28800});
  CHECK(refusal("80020002 80060001 80040000") == "malformed: KEK_KEY_LIFETIME of 0");
  CHECK(parse(fixed + "80020002 80060001 80040e10")->lifetime == seconds{3600});
  CHECK(refusal("80020002 80060001 00040005 0100000000") == "malformed: SAK attribute value");
}

TEST_CASE("a signature hash may be absent") {
  CHECK_FALSE(parse(fixed + "80020002 80060004")->signature_hash);
  CHECK(parse(fixed + "80020002 80060004")->signature == SignatureAlgorithm::ecdsa256);
}

TEST_CASE("an attribute that comes twice is a contradiction") {
  CHECK(refusal("80020002 80060001 80060001") == "malformed: SAK attribute twice");
  CHECK(refusal("80020002 80060001 80090001 80090001") == "malformed: SAK attribute twice");
}

TEST_CASE("unknown and private attributes are counted, not refused") {
  const auto kek = parse(fixed + "80020002 80060001 80800001 00810003 aabbcc 80810001 800a0001");
  REQUIRE(failure(kek).empty());
  CHECK(kek->ignored_attributes == 4);
}

TEST_CASE("RFC 3547's Oakley group and the management algorithm change nothing") {
  const auto kek = parse(fixed + "80010001 80020002 80060001 80080002");
  REQUIRE(failure(kek).empty());
  CHECK(kek->management == 1);
  CHECK(kek->ignored_attributes == 0);
}

TEST_CASE("an acknowledgement we know is asked for, another is ignored") {
  CHECK(parse(fixed + "80020002 80060001 80090003")->acknowledgement == AckType::kek_sha512);
  for (const char* type : {"0000", "0005", "0080"}) {
    const auto kek = parse(fixed + "80020002 80060001 8009" + type);
    REQUIRE(failure(kek).empty());
    CHECK_FALSE(kek->acknowledgement);
    CHECK(kek->ignored_attributes == 1);
  }
}

}  // namespace sa_kek_test
