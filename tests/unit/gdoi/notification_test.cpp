// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/notification.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/hex.h"

namespace notification_test {

using namespace gdoi;
using support::failure;
using support::hex;
using support::joined;
using support::octets;

namespace {

// RFC 2408 figure 15: DPD's R-U-THERE (RFC 3706) with its cookies and number.
const Bytes there = octets(
    "00000001 01 10 8d28 0102030405060708 1112131415161718"
    "00000007");

// RFC 2408 figure 16: two TEKs.
const Bytes teks = octets("00000002 01 04 0002 11223344 55667788");

}  // namespace

TEST_CASE("a notification is DOI, protocol, type, SPI and data") {
  const auto n = parse_notification(there);
  REQUIRE(n);
  CHECK(n->doi == 1);
  CHECK(n->protocol == 1);
  CHECK(n->type == NotifyType::r_u_there);
  CHECK(hex(n->spi) == "01020304050607081112131415161718");
  CHECK(hex(n->data) == "00000007");
}

TEST_CASE("a notification needs neither SPI nor data") {
  const auto n = parse_notification(octets("00000000 01 00 000e"));
  REQUIRE(n);
  CHECK(n->type == NotifyType::no_proposal_chosen);
  CHECK(n->spi.empty());
  CHECK(n->data.empty());
}

TEST_CASE("a notification cut before its data is refused") {
  for (std::size_t size = 0; size < 8 + 16; ++size)
    CHECK(failure(parse_notification(View{there}.first(size))) == "truncated: N");
}

TEST_CASE("a notification is written as RFC 2408 draws it") {
  Writer out;
  put_notification(out, {1, 1, NotifyType::r_u_there, octets("0102030405060708 1112131415161718"),
                         octets("00000007")});
  CHECK(out.first_type() == PayloadType::notification);
  CHECK(hex(*std::move(out).finish()) == hex(joined({octets("00000020"), there})));
}

TEST_CASE("a Delete names SPIs of one size") {
  const auto del = parse_delete(teks);
  REQUIRE(del);
  CHECK(del->doi == 2);
  CHECK(del->protocol == 1);
  CHECK(del->spi_size == 4);
  REQUIRE(del->spis.size() == 2);
  CHECK(hex(del->spis[1]) == "55667788");
}

TEST_CASE("a Delete cut anywhere is refused") {
  for (std::size_t size = 0; size < teks.size(); ++size)
    CHECK(failure(parse_delete(View{teks}.first(size))) == "truncated: D");
}

TEST_CASE("a Delete with more octets than SPIs is refused") {
  CHECK(failure(parse_delete(joined({teks, Bytes(1)}))) == "malformed: D longer than its SPIs");
  CHECK(failure(parse_delete(joined({teks, Bytes(4)}))) == "malformed: D longer than its SPIs");
}

TEST_CASE("a Delete of nothing is refused") {
  CHECK(failure(parse_delete(octets("00000002 01 04 0000"))) == "malformed: D without SPIs");
  CHECK(failure(parse_delete(octets("00000002 01 00 ffff"))) == "malformed: D without SPIs");
}

TEST_CASE("a Delete that announces far more SPIs than it has is refused") {
  CHECK(failure(parse_delete(octets("00000002 01 ff ffff 11223344"))) == "truncated: D");
}

TEST_CASE("a Delete is written as RFC 2408 draws it") {
  Writer out;
  put_delete(out, {2, 1, 4, {octets("11223344"), octets("55667788")}});
  CHECK(out.first_type() == PayloadType::del);
  CHECK(hex(*std::move(out).finish()) == hex(joined({octets("00000014"), teks})));
}

TEST_CASE("a SEQ is four octets, not three and not five") {
  CHECK(parse_sequence(octets("01020304")) == SequenceNumber{0x01020304});
  CHECK(failure(parse_sequence(octets("010203"))) == "truncated: SEQ");
  CHECK(failure(parse_sequence({})) == "truncated: SEQ");
  CHECK(failure(parse_sequence(octets("0102030400"))) == "malformed: SEQ");
}

}  // namespace notification_test
