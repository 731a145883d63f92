// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/group_sa.h"

#include "gdoi/wire/writer.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace group_sa_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

const Bytes sak = octets(
    "11 01 0350 04 0a000005 01 0350 04 ef010101 6162636465666768 3031323334353637 00000000"
    "80020003 80030100 80050003 80060001");
const Bytes gap = octets("8001001e");
const Bytes sat = octets(
    "01 00 04 0000 08 0a010000 ffffff00 04 0000 08 0a030000 ffffff00 0c 11223344"
    "80010001 80020e10 80040001 80050005 80060080");
const Bytes other_sat = octets("80 0102030405");  // private security protocol
const Bytes ah_sat = octets("02 00 01 0000 00 01 0000 04 ef010101 03 11223344");

struct Part {
  PayloadType type;
  Bytes body;
};

// sa makes the body of an SA payload (RFC 6407 figure 4) around the parts.
Bytes sa(const std::vector<Part>& parts, const std::string& head = "00000002 00000000") {
  Writer chain;
  for (const Part& part : parts) chain.payload(part.type, part.body);
  const auto first = parts.empty() ? PayloadType::none : chain.first_type();
  return joined({octets(head), Bytes{std::byte{0}, static_cast<std::byte>(first)}, octets("0000"),
                 *std::move(chain).finish()});
}

const Part kek_part{PayloadType::sa_kek, sak}, gap_part{PayloadType::gap, gap},
    tek_part{PayloadType::sa_tek, sat}, other_part{PayloadType::sa_tek, other_sat},
    ah_part{PayloadType::sa_tek, ah_sat};

}  // namespace

TEST_CASE("an SA holds SAK, GAP and SATs") {
  const auto whole = parse_group_sa(sa({kek_part, gap_part, tek_part, tek_part}));
  REQUIRE(failure(whole).empty());
  REQUIRE(whole->kek);
  CHECK(whole->kek->key_bits == 256);
  REQUIRE(whole->gap);
  CHECK(whole->gap->activation_delay == seconds{30});
  REQUIRE(whole->teks.size() == 2);
  CHECK(whole->teks[1].spi == Spi{0x11223344});
  CHECK(whole->skipped_protocols == 0);
}

TEST_CASE("an SA may begin with any of them") {
  CHECK(parse_group_sa(sa({tek_part}))->teks.size() == 1);
  CHECK_FALSE(parse_group_sa(sa({tek_part}))->kek);
  CHECK(parse_group_sa(sa({gap_part, tek_part}))->gap);
  CHECK(parse_group_sa(sa({kek_part}))->teks.empty());
}

TEST_CASE("an SA with neither SAK nor SAT is refused") {
  CHECK(failure(parse_group_sa(sa({}))) == "malformed: SA without SAK and SAT");
  CHECK(failure(parse_group_sa(sa({gap_part}))) == "malformed: SA without SAK and SAT");
}

TEST_CASE("an SA out of order is refused") {
  CHECK(failure(parse_group_sa(sa({tek_part, kek_part}))) ==
        "malformed: SAK twice or out of order");
  CHECK(failure(parse_group_sa(sa({gap_part, kek_part}))) ==
        "malformed: SAK twice or out of order");
  CHECK(failure(parse_group_sa(sa({other_part, kek_part}))) ==
        "malformed: SAK twice or out of order");
  CHECK(failure(parse_group_sa(sa({kek_part, kek_part}))) ==
        "malformed: SAK twice or out of order");
  CHECK(failure(parse_group_sa(sa({tek_part, gap_part}))) ==
        "malformed: GAP twice or out of order");
  CHECK(failure(parse_group_sa(sa({gap_part, gap_part, tek_part}))) ==
        "malformed: GAP twice or out of order");
}

TEST_CASE("payloads of private types are skipped and counted, wherever they stand in an SA") {
  const Part private_part{PayloadType{200}, octets("0102030405")};
  const auto whole = parse_group_sa(
      sa({private_part, kek_part, private_part, gap_part, tek_part, private_part, tek_part}));
  REQUIRE(failure(whole).empty());
  CHECK(whole->kek);
  CHECK(whole->gap);
  CHECK(whole->teks.size() == 2);
  CHECK(whole->teks[0].policy.ignored_attributes == 3);
  CHECK(whole->teks[1].policy.ignored_attributes == 0);
  CHECK(parse_group_sa(sa({kek_part, private_part}))->kek->ignored_attributes == 1);
  CHECK(failure(parse_group_sa(sa({private_part}))) == "malformed: SA without SAK and SAT");
  CHECK(failure(parse_group_sa(sa({{PayloadType{127}, octets("00")}, tek_part}))) ==
        "unexpected: payload inside the SA");
}

TEST_CASE("DOI and situation are those of GDOI") {
  CHECK(failure(parse_group_sa(sa({tek_part}, "00000001 00000000"))) == "unsupported: SA DOI");
  CHECK(failure(parse_group_sa(sa({tek_part}, "00000002 00000001"))) ==
        "unsupported: SA situation");
}

TEST_CASE("SA Attribute Next Payload has two octets") {
  Bytes wide = sa({tek_part});
  wide[8] = std::byte{1};
  CHECK(failure(parse_group_sa(wide)) == "malformed: SA Attribute Next Payload");
  CHECK(detail(parse_group_sa(wide)) == 0x110);
}

TEST_CASE("the second reserved field is not judged") {
  Bytes noisy = sa({tek_part});
  noisy[10] = noisy[11] = std::byte{0xff};
  CHECK(failure(parse_group_sa(noisy)).empty());
}

TEST_CASE("an SA cut anywhere is refused") {
  const Bytes whole = sa({kek_part, gap_part, tek_part});
  REQUIRE(failure(parse_group_sa(whole)).empty());
  for (std::size_t size = 0; size < whole.size(); ++size)
    CHECK_FALSE(parse_group_sa(View{whole}.first(size)));
}

TEST_CASE("octets behind the last SAT are refused") {
  CHECK(failure(parse_group_sa(joined({sa({tek_part}), Bytes(1)}))) ==
        "malformed: octets after the last SA attribute payload");
}

TEST_CASE("any other payload inside an SA is refused with its number") {
  const auto proposal = parse_group_sa(sa({tek_part, {PayloadType::proposal, {}}}));
  CHECK(failure(proposal) == "unexpected: payload inside the SA");
  CHECK(detail(proposal) == 2);
}

TEST_CASE("SATs of unknown protocols are skipped and counted") {
  const auto mixed = parse_group_sa(sa({other_part, tek_part, other_part}));
  REQUIRE(failure(mixed).empty());
  CHECK(mixed->teks.size() == 1);
  CHECK(mixed->skipped_protocols == 2);
}

TEST_CASE("a SAT for AH refuses the whole SA") {
  const auto ah = parse_group_sa(sa({tek_part, ah_part}));
  CHECK(failure(ah) == "unsupported: SAT for AH, which encrypts nothing: the group must use ESP");
  CHECK(detail(ah) == 2);
  CHECK(ah.error().entry == 2);
}

TEST_CASE("what is wrong with a SAT comes with its place in the list") {
  const auto third =
      parse_group_sa(sa({kek_part, other_part, tek_part, {PayloadType::sa_tek, {}}}));
  CHECK(failure(third) == "truncated: SAT");
  CHECK(third.error().entry == 3);
  CHECK(parse_group_sa(sa({{PayloadType::sa_kek, {}}, tek_part})).error().entry == 0);
}

TEST_CASE("a SAK, GAP or SAT that is wrong refuses the whole SA") {
  CHECK(failure(parse_group_sa(sa({{PayloadType::sa_kek, {}}, tek_part}))) == "truncated: SAK");
  CHECK(failure(parse_group_sa(sa({{PayloadType::gap, octets("80")}, tek_part}))) ==
        "truncated: attribute type");
  CHECK(failure(parse_group_sa(sa({tek_part, {PayloadType::sa_tek, {}}}))) == "truncated: SAT");
}

TEST_CASE("an SA of 4096 SATs is read, of one more is refused") {
  std::vector<Part> parts(max_sa_teks, other_part);
  parts.back() = tek_part;
  const auto most = parse_group_sa(sa(parts));
  REQUIRE(failure(most).empty());
  CHECK(most->teks.size() + most->skipped_protocols == max_sa_teks);
  parts.push_back(tek_part);
  CHECK(failure(parse_group_sa(sa(parts))) == "malformed: too many SATs");
}

}  // namespace group_sa_test
