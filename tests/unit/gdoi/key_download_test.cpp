// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/key_download.h"

#include "gdoi/wire/writer.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace key_download_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

// RFC 6407 figures 9 and 10.
const std::string tek =
    "01 00 0035 04 11223344"
    "0001 0010 000102030405060708090a0b0c0d0e0f"
    "0002 0014 101112131415161718191a1b1c1d1e1f20212223";
const std::string kek =
    "02 00 0039 10 6162636465666768 3031323334353637"
    "0001 0018 404142434445464748494a4b4c4d4e4f5051525354555657"
    "0002 0004 30820122";
const std::string sid = "04 00 0013 00 8001 000c 0002 0002 0abc 8002 0def";
const std::string lkh = "03 00 0015 10 6162636465666768 3031323334353637";

Result<KeyDownload> parse(unsigned count, const std::string& packets) {
  const Bytes head{std::byte{0}, static_cast<std::byte>(count), std::byte{0}, std::byte{0}};
  return parse_key_download(joined({head, octets(packets)}));
}

// packet makes a key packet of `type` with the right length.
std::string packet(const std::string& type, const std::string& spi_and_attributes) {
  const Bytes inside = octets(spi_and_attributes);
  const std::size_t length = 4 + inside.size();
  const Bytes size{static_cast<std::byte>(length >> 8), static_cast<std::byte>(length & 0xff)};
  return type + "00" + hex(size) + hex(inside);
}

}  // namespace

TEST_CASE("a TEK packet brings the keys of one SPI") {
  const auto kd = parse(1, tek);
  REQUIRE(failure(kd).empty());
  REQUIRE(kd->teks.size() == 1);
  CHECK(kd->teks[0].spi == Spi{0x11223344});
  CHECK(hex(kd->teks[0].cipher_key.view()) == "000102030405060708090a0b0c0d0e0f");
  CHECK(hex(kd->teks[0].integrity_key.view()) == "101112131415161718191a1b1c1d1e1f20212223");
  CHECK_FALSE(kd->kek);
  CHECK_FALSE(kd->sender_ids);
  CHECK_FALSE(kd->lkh);
  CHECK(kd->ignored == 0);
}

TEST_CASE("a KEK packet brings IV and key as sent, and the signature key") {
  const auto kd = parse(1, kek);
  REQUIRE(failure(kd).empty());
  REQUIRE(kd->kek);
  CHECK(hex(kd->kek->spi.initiator.bytes) == "6162636465666768");
  CHECK(hex(kd->kek->spi.responder.bytes) == "3031323334353637");
  CHECK(hex(kd->kek->iv_and_key.view()) == "404142434445464748494a4b4c4d4e4f5051525354555657");
  CHECK(hex(kd->kek->signature_key) == "30820122");
}

TEST_CASE("a KEK packet without a signature key keeps the one there is") {
  const auto kd = parse(1, packet("02", "10 6162636465666768 3031323334353637 0001 0002 aabb"));
  REQUIRE(failure(kd).empty());
  CHECK(kd->kek->signature_key.empty());
}

TEST_CASE("sender IDs are the low bits of what came") {
  const auto kd = parse(1, sid);
  REQUIRE(failure(kd).empty());
  REQUIRE(kd->sender_ids);
  CHECK(kd->sender_ids->bits == 12);
  CHECK(kd->sender_ids->values == std::vector<std::uint32_t>{0xabc, 0xdef});

  const auto wide = parse(1, packet("04", "00 8001 0020 0002 0008 0000000012345678"));
  REQUIRE(failure(wide).empty());
  CHECK(wide->sender_ids->values == std::vector<std::uint32_t>{0x12345678});
  CHECK(parse(1, packet("04", "00 8001 0008 0002 0004 ffffff07"))->sender_ids->values ==
        std::vector<std::uint32_t>{0x07});
}

TEST_CASE("the number of bits may follow the values it is for") {
  const auto kd = parse(1, packet("04", "00 0002 0001 ff 8001 0004"));
  REQUIRE(failure(kd).empty());
  CHECK(kd->sender_ids->values == std::vector<std::uint32_t>{0x0f});
}

TEST_CASE("packets of all kinds come in one KD in any order") {
  const auto kd = parse(3, sid + kek + tek);
  REQUIRE(failure(kd).empty());
  CHECK(kd->teks.size() == 1);
  CHECK(kd->kek);
  CHECK(kd->sender_ids);
  CHECK(parse(1, lkh)->lkh);
}

TEST_CASE("a KD cut anywhere is refused") {
  const Bytes whole = joined({octets("00030000"), octets(tek + kek + sid)});
  REQUIRE(failure(parse_key_download(whole)).empty());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parse_key_download(View{whole}.first(size)));
}

TEST_CASE("the number of packets must be right") {
  CHECK(failure(parse(2, tek)) == "truncated: key packet");
  CHECK(failure(parse(0, tek)) == "malformed: octets after the last key packet");
  CHECK(failure(parse(1, tek + "00")) == "malformed: octets after the last key packet");
  CHECK(failure(parse(0, "")).empty());
}

TEST_CASE("a packet shorter than its header, or than its SPI, is refused") {
  CHECK(failure(parse(1, "01 00 0004 04 11223344")) == "malformed: key packet length");
  CHECK(failure(parse(1, "01 00 0000 04 11223344")) == "malformed: key packet length");
  CHECK(failure(parse(1, "01 00 0008 04 112233")) == "truncated: key packet SPI");
  CHECK(failure(parse(1, "01 00 0005 00")) == "malformed: TEK packet SPI size");
}

TEST_CASE("a packet one octet too long or too short is refused") {
  std::string longer = tek, shorter = tek;
  longer.replace(longer.find("0035"), 4, "0036");
  shorter.replace(shorter.find("0035"), 4, "0034");
  CHECK_FALSE(parse(1, longer));
  CHECK_FALSE(parse(1, longer + "00"));
  CHECK_FALSE(parse(1, shorter));
}

TEST_CASE("SPIs have the size of their kind") {
  CHECK(failure(parse(1, packet("01", "03 112233 0001 0001 aa"))) ==
        "malformed: TEK packet SPI size");
  CHECK(failure(parse(1, packet("01", "05 1122334455 0001 0001 aa"))) ==
        "malformed: TEK packet SPI size");
  CHECK(failure(parse(1, packet("02", "08 6162636465666768 0001 0001 aa"))) ==
        "malformed: KEK packet SPI size");
  CHECK(failure(parse(1, packet("02", "11 6162636465666768 3031323334353637 ff 0001 0001 aa"))) ==
        "malformed: KEK packet SPI size");
  CHECK(failure(parse(1, packet("04", "01 00 8001 000c 8002 0abc"))) ==
        "malformed: SID packet with an SPI");
}

TEST_CASE("two TEK packets for one SPI are refused, for two SPIs not") {
  std::string other = tek;
  other.replace(other.find("11223344"), 8, "11223345");
  CHECK(parse(2, tek + other)->teks.size() == 2);
  CHECK(failure(parse(2, tek + tek)) == "malformed: two TEK packets for one SPI");
  CHECK(detail(parse(3, tek + other + tek)) == 0x11223344);
}

TEST_CASE("one KEK or LKH packet is the most") {
  CHECK(failure(parse(2, kek + kek)) == "malformed: more than one KEK or LKH packet");
  CHECK(failure(parse(2, kek + lkh)) == "malformed: more than one KEK or LKH packet");
  CHECK(failure(parse(2, lkh + kek)) == "malformed: more than one KEK or LKH packet");
  CHECK(failure(parse(2, lkh + lkh)) == "malformed: more than one KEK or LKH packet");
  CHECK(failure(parse(2, sid + sid)) == "malformed: more than one SID packet");
}

TEST_CASE("a key that comes twice, or not at all, is refused") {
  CHECK(failure(parse(1, packet("01", "04 11223344 0001 0001 aa 0001 0001 bb"))) ==
        "malformed: TEK key twice");
  CHECK(failure(parse(1, packet("01", "04 11223344"))) == "malformed: TEK packet without a key");
  CHECK(failure(parse(1, packet("01", "04 11223344 0001 0000"))) ==
        "malformed: TEK packet without a key");
  const std::string spi = "10 6162636465666768 3031323334353637";
  CHECK(failure(parse(1, packet("02", spi + "0001 0001 aa 0001 0001 bb"))) ==
        "malformed: KEK key twice");
  CHECK(failure(parse(1, packet("02", spi + "0002 0001 aa"))) ==
        "malformed: KEK packet without KEK_ALGORITHM_KEY");
}

TEST_CASE("an integrity key alone is what ESP-NULL has") {
  const auto kd = parse(1, packet("01", "04 11223344 0002 0002 aabb"));
  REQUIRE(failure(kd).empty());
  CHECK(kd->teks[0].cipher_key.empty());
  CHECK(kd->teks[0].integrity_key.size() == 2);
}

TEST_CASE("sender IDs without their size, or of no sensible size, are refused") {
  CHECK(failure(parse(1, packet("04", "00 0002 0001 aa"))) ==
        "malformed: SID packet without NUMBER_OF_SID_BITS");
  CHECK(failure(parse(1, packet("04", "00 8001 000c"))) ==
        "malformed: SID packet without SID_VALUE");
  CHECK(failure(parse(1, packet("04", "00 8001 0000 8002 0001"))) ==
        "unsupported: NUMBER_OF_SID_BITS");
  CHECK(failure(parse(1, packet("04", "00 8001 0021 8002 0001"))) ==
        "unsupported: NUMBER_OF_SID_BITS");
  CHECK(failure(parse(1, packet("04", "00 8001 0008 8001 0008 8002 0001"))) ==
        "malformed: NUMBER_OF_SID_BITS twice");
}

TEST_CASE("packets and attributes nobody knows are counted") {
  const auto kd = parse(3, packet("80", "04 11223344 0001 0001 aa") + packet("05", "00") +
                               packet("01", "04 11223344 0001 0001 aa 0003 0001 bb 8080 0001"));
  REQUIRE(failure(kd).empty());
  CHECK(kd->teks.size() == 1);
  CHECK(kd->ignored == 4);
}

TEST_CASE("a KD of thousands of packets is read whole") {
  constexpr unsigned count = 5000;
  Writer out;
  out.u16(count).u16(0);
  for (unsigned i = 0; i < count; ++i)
    out.u8(1).u8(0).u16(14).u8(4).u32(count - i).u16(1).u16(1).u8(0xaa);
  const auto kd = parse_key_download(*std::move(out).finish());
  REQUIRE(failure(kd).empty());
  CHECK(kd->teks.size() == count);
  CHECK(kd->teks.back().spi == Spi{1});
}

}  // namespace key_download_test
