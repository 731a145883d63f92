// SPDX-License-Identifier: GPL-2.0-or-later
// Sequence numbers that are remembered when their KEK is not held any more.

#include "gdoi/push/rekey_sa_table.h"
#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace remembered_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

ks::Kek named(char name) {
  ks::Kek out;
  out.spi = kek_spi(name);
  out.key = repeated(static_cast<unsigned char>(name), 16);
  return out;
}
const ks::Kek kek_a = named('A'), kek_b = named('B');

RekeySaTable holding_a(std::uint32_t last = 0) {
  RekeySaTable out;
  REQUIRE(out.adopt(downloaded(kek_a, last), member, noon));
  return out;
}

Rekey push(RekeySaTable& sas, const ks::Kek& kek, const Push& message, Instant now = noon) {
  return accepted(receive(sas, datagram(kek, message), now));
}

}  // namespace

TEST_CASE(
    "what was taken once is not taken again after clear, whatever the next key server tells") {
  auto sas = holding_a();
  const Bytes first = datagram(kek_a, tek_push(1, 70)), fifth = datagram(kek_a, tek_push(5, 71));
  static_cast<void>(accepted(receive(sas, first, noon)));
  static_cast<void>(accepted(receive(sas, fifth, noon)));
  sas.clear();
  CHECK(sas.empty());
  REQUIRE(sas.adopt(downloaded(kek_a, 0), member, noon));
  for (const auto& old : {first, fifth})
    CHECK(failure(receive(sas, old, noon)) == "unexpected: old sequence number of a PUSH");
  CHECK(push(sas, kek_a, tek_push(6, 72)).sequence == SequenceNumber{6});
}

TEST_CASE("the numbers of a KEK that was replaced, or deleted, are remembered as well") {
  auto sas = holding_a(7);
  push(sas, kek_a, kek_push(8, 70, kek_b));
  push(sas, kek_b, tek_push(3, 71));  // ends A
  REQUIRE(sas.adopt(downloaded(kek_a, 0), member, noon));
  CHECK(failure(receive(sas, datagram(kek_a, tek_push(8, 72)), noon)) ==
        "unexpected: old sequence number of a PUSH");
  // B comes by PUSH once more: it is no KEK under which any number will do.
  push(sas, kek_a, kek_push(9, 72, kek_b));
  CHECK(failure(receive(sas, datagram(kek_b, tek_push(3, 73)), noon)) ==
        "unexpected: old sequence number of a PUSH");
  CHECK(push(sas, kek_b, tek_push(4, 73)).under == spi_of(kek_b));
}

TEST_CASE("another member takes over what is remembered, until the KEK's lifetime is over") {
  auto sas = holding_a();
  push(sas, kek_a, tek_push(5, 70));
  const auto known = sas.sequences(noon);
  REQUIRE(known.size() == 1);
  CHECK(known[0].spi == spi_of(kek_a));
  CHECK(known[0].last == SequenceNumber{5});
  CHECK(known[0].key.size() == 16);
  CHECK(sas.sequences(known[0].ends).empty());

  RekeySaTable successor;
  successor.remember(known);
  CHECK(successor.sequences(noon) == known);
  REQUIRE(successor.adopt(downloaded(kek_a, 0), member, noon));
  CHECK(failure(receive(successor, datagram(kek_a, tek_push(5, 71)), noon)) ==
        "unexpected: old sequence number of a PUSH");

  // Other keys under that SPI are another KEK, whose numbers begin anew.
  ks::Kek other = kek_a;
  other.key = repeated(0x55, 16);
  RekeySaTable third;
  third.remember(known);
  REQUIRE(third.adopt(downloaded(other, 0), member, noon));
  CHECK(push(third, other, tek_push(1, 71)).sequence == SequenceNumber{1});
}

TEST_CASE("of many KEKs the numbers of those that live longest are remembered") {
  std::vector<KnownSequence> many;
  for (unsigned i = 0; i < 40; ++i) {
    KnownSequence one;
    one.spi.initiator.bytes[0] = static_cast<std::byte>(i);
    one.key = Bytes(16);
    one.ends = noon + seconds{i + 1};
    many.push_back(one);
  }
  RekeySaTable sas;
  sas.remember(many);
  const auto known = sas.sequences(noon);
  REQUIRE(known.size() == RekeySaTable::max_remembered);
  CHECK(known.front().ends == noon + seconds{40});
  CHECK(known.back().ends == noon + seconds{9});
}

}  // namespace remembered_test
