// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/sa.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace sa_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

// AES-256, SHA-256, pre-shared key, group 2, 86400 seconds.
const std::string aes_attributes =
    "80010007 800e0100 80020004 80030001 80040002 800b0001 000c0004 00015180";
// 3DES, SHA-1, pre-shared key, group 2, 3600 seconds.
const std::string des_attributes = "80010005 80020002 80030001 80040002 800b0001 800c0e10";

// body makes an SA of one transform with `attributes`.
Bytes body(const std::string& attributes, const std::string& transform_head = "01010000") {
  const Bytes inner = joined({octets(transform_head), octets(attributes)});
  const auto size = [](std::size_t n) {
    return Bytes{static_cast<std::byte>(n >> 8), static_cast<std::byte>(n & 0xff)};
  };
  return joined({octets("00000002 00000000 0000"), size(8 + 4 + inner.size()),
                 octets("01010001 0000"), size(4 + inner.size()), inner});
}

Bytes changed(Bytes octets_of, std::size_t at, std::uint8_t value) {
  octets_of.at(at) = std::byte{value};
  return octets_of;
}

}  // namespace

TEST_CASE("an offer is read in the order of preference") {
  // 8 SA, 8 proposal, 40 + 32 transforms.
  const Bytes bytes =
      joined({octets("00000002 00000000 00000050 01010002 03000028 01010000"),
              octets(aes_attributes), octets("00000020 02010000"), octets(des_attributes)});
  const auto sa = parse_phase1_sa(bytes);
  REQUIRE(failure(sa).empty());
  CHECK(sa->doi == 2);
  CHECK(sa->situation == 0);
  REQUIRE(sa->transforms.size() == 2);
  CHECK(sa->transforms[0] == IkeTransform{1, 7, 4, 1, 2, 256, 86400, std::nullopt});
  CHECK(sa->transforms[1] == IkeTransform{2, 5, 2, 1, 2, 0, 3600, std::nullopt});
}

TEST_CASE("a phase 1 SA cut anywhere is refused") {
  const Bytes whole = body(aes_attributes);
  REQUIRE(failure(parse_phase1_sa(whole)).empty());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parse_phase1_sa(View{whole}.first(size)));
}

TEST_CASE("a phase 1 SA with octets behind it is refused") {
  CHECK(failure(parse_phase1_sa(joined({body(aes_attributes), Bytes(1)}))) ==
        "malformed: more than one phase 1 proposal");
}

TEST_CASE("a second proposal is refused") {
  const Bytes two = changed(body(aes_attributes), 8, 2);  // next payload: proposal
  CHECK(failure(parse_phase1_sa(two)) == "malformed: more than one phase 1 proposal");
}

TEST_CASE("DOI 0 to 2 are read, others not") {
  CHECK(parse_phase1_sa(changed(body(aes_attributes), 3, 0))->doi == doi_isakmp);
  CHECK(parse_phase1_sa(changed(body(aes_attributes), 3, 1))->doi == doi_ipsec);
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 3, 3))) ==
        "unsupported: phase 1 DOI");
}

TEST_CASE("the situation is reported as it is") {
  CHECK(parse_phase1_sa(changed(body(aes_attributes), 7, 1))->situation == 1);
}

TEST_CASE("a proposal for another protocol is refused") {
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 13, 3))) ==
        "unsupported: phase 1 proposal for another protocol");
}

TEST_CASE("an SPI of up to 16 octets is skipped, a longer one refused") {
  const auto with_spi = [](std::size_t size) {
    const Bytes transform = joined({octets("01010000"), octets(des_attributes)});
    const auto length = static_cast<std::uint8_t>(8 + size + 4 + transform.size());
    return joined({octets("00000002 00000000 0000 00"), Bytes{std::byte{length}}, octets("0101"),
                   Bytes{static_cast<std::byte>(size)}, octets("01"), Bytes(size, std::byte{0xee}),
                   octets("00000020"), transform});
  };
  CHECK(failure(parse_phase1_sa(with_spi(16))).empty());
  CHECK(failure(parse_phase1_sa(with_spi(17))) == "malformed: phase 1 SPI size");
}

TEST_CASE("the number of transforms must be right") {
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 15, 2))) ==
        "malformed: chain of phase 1 transforms");
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 15, 0))) ==
        "malformed: number of phase 1 transforms");
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 15, 65))) ==
        "malformed: number of phase 1 transforms");
  // One transform announced, and another payload behind it.
  CHECK(failure(parse_phase1_sa(changed(body(aes_attributes), 16, 3))) ==
        "malformed: chain of phase 1 transforms");
}

TEST_CASE("an offer of 64 transforms is read, one of 65 is not") {
  const auto offer = [](unsigned count) {
    Writer transforms;
    for (unsigned i = 0; i < count; ++i)
      transforms.payload(PayloadType::transform, octets("01010000 80010007"));
    const Bytes chain = *std::move(transforms).finish();
    const std::size_t length = 8 + chain.size();
    const Bytes head{static_cast<std::byte>(length >> 8), static_cast<std::byte>(length & 0xff)};
    return joined({octets("00000002 00000000 0000"), head, octets("010100"),
                   Bytes{static_cast<std::byte>(count)}, chain});
  };
  const auto most = parse_phase1_sa(offer(64));
  REQUIRE(failure(most).empty());
  CHECK(most->transforms.size() == 64);
  CHECK(failure(parse_phase1_sa(offer(65))) == "malformed: number of phase 1 transforms");
}

TEST_CASE("transforms other than KEY_IKE are refused") {
  CHECK(failure(parse_phase1_sa(body(aes_attributes, "01020000"))) ==
        "unsupported: phase 1 transform ID");
}

TEST_CASE("attributes may come in either form when the value fits") {
  const auto sa =
      parse_phase1_sa(body("00010001 07 000e0002 0100 80020004 80030001 0004000400000002"));
  REQUIRE(sa);
  CHECK(sa->transforms[0] == IkeTransform{1, 7, 4, 1, 2, 256, std::nullopt, std::nullopt});
}

TEST_CASE("attributes that are unknown, repeated, 0 or too large are refused") {
  CHECK(failure(parse_phase1_sa(body("800d0001"))) ==
        "unsupported: phase 1 attribute of unknown type");
  CHECK(detail(parse_phase1_sa(body("ffff0001"))) == 0x7fff);
  CHECK(failure(parse_phase1_sa(body("80010007 80010005"))) ==
        "malformed: phase 1 attribute twice");
  CHECK(failure(parse_phase1_sa(body("80010000"))) == "malformed: phase 1 attribute value");
  CHECK(failure(parse_phase1_sa(body("00010003 010000"))) == "malformed: phase 1 attribute value");
  CHECK(failure(parse_phase1_sa(body("00010000"))) == "malformed: phase 1 attribute value");
}

TEST_CASE("lifetimes are pairs, in seconds and in kilobytes") {
  const auto sa = parse_phase1_sa(body("800b0001 800c0e10 800b0002 000c000400100000"));
  REQUIRE(sa);
  CHECK(sa->transforms[0].life_seconds == 3600u);
  CHECK(sa->transforms[0].life_kilobytes == 0x100000u);
  CHECK(failure(parse_phase1_sa(body("800c0e10"))) == "malformed: life duration without a type");
  CHECK(failure(parse_phase1_sa(body("800b0001"))) == "malformed: life type without a duration");
}

TEST_CASE("an offer is written with its numbers, lengths and short forms") {
  Phase1Sa sa;
  sa.transforms = {IkeTransform{1, 7, 4, 1, 2, 256, 86400, std::nullopt},
                   IkeTransform{2, 5, 2, 1, 2, 0, 3600, std::nullopt}};
  Writer out;
  put_phase1_sa(out, sa);
  out.payload(PayloadType::vendor_id, octets("ff"));
  CHECK(out.first_type() == PayloadType::sa);
  CHECK(hex(*std::move(out).finish()) ==
        hex(joined({octets("0d00005c 00000002 00000000 00000050 01010002 03000028 01010000"),
                    octets(aes_attributes), octets("00000020 02010000"), octets(des_attributes),
                    octets("00000005 ff")})));
}

TEST_CASE("a lifetime of 65535 is written short, one more long") {
  const auto written = [](std::uint32_t life) {
    Phase1Sa sa;
    sa.transforms = {IkeTransform{1, 7, 0, 0, 0, 0, std::nullopt, life}};
    Writer out;
    put_phase1_sa(out, sa);
    return hex(*std::move(out).finish()).substr(2 * (4 + 8 + 8 + 8 + 4));
  };
  CHECK(written(65535) == "800b0002800cffff");
  CHECK(written(65536) == "800b0002000c000400010000");
}

}  // namespace sa_test
