// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/deletes.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace deletes_test {

using namespace gdoi;
using namespace push_test;
using support::failure;

namespace {

Result<Deletes> read(const Parts& parts) {
  std::vector<View> bodies;
  for (const Part& part : parts) bodies.emplace_back(part.body);
  return read_deletes(bodies);
}

const Bytes kek_a = kek_spi('A');
const RekeySpi spi_a = spi_of(with_spi(kek_a));

}  // namespace

TEST_CASE("TEKs are deleted by ESP and their SPIs") {
  const auto found = read({del(2, 1, 4, {tek_spi(9), tek_spi(7)}), del(2, 1, 4, {tek_spi(8)})});
  REQUIRE(found);
  CHECK(found->teks == std::vector{Spi{7}, Spi{8}, Spi{9}});
  CHECK_FALSE(found->all_teks);
  CHECK_FALSE(found->all_keks);
  CHECK(found->keks.empty());
  CHECK_FALSE(found->empty());
  CHECK(found->names_tek({8}));
  CHECK_FALSE(found->names_tek({6}));
  CHECK_FALSE(found->names_kek(spi_a));
}

TEST_CASE("an SPI of 0 deletes all TEKs") {
  const auto found = read({del(2, 1, 4, {tek_spi(0)})});
  REQUIRE(found);
  CHECK(found->all_teks);
  CHECK(found->teks.empty());
  CHECK_FALSE(found->all_keks);
  CHECK(found->names_tek({6}));
}

TEST_CASE("KEKs are deleted by protocol 0, or by 1 with SPIs of their size") {
  for (const unsigned protocol : {0U, 1U}) {
    const auto found = read({del(2, protocol, 16, {kek_a})});
    REQUIRE(found);
    CHECK(found->keks == std::vector{spi_a});
    CHECK_FALSE(found->all_keks);
    CHECK_FALSE(found->all_teks);
    CHECK(found->names_kek(spi_a));
    CHECK_FALSE(found->names_kek(spi_of(with_spi(kek_spi('B')))));

    const auto all = read({del(2, protocol, 16, {Bytes(16)})});
    REQUIRE(all);
    CHECK(all->all_keks);
    CHECK_FALSE(all->all_teks);
    CHECK(all->names_kek(spi_a));
  }
  const auto short_zero = read({del(2, 0, 4, {tek_spi(0)})});
  REQUIRE(short_zero);
  CHECK(short_zero->all_keks);
  CHECK_FALSE(short_zero->all_teks);
}

TEST_CASE("the clean slate of RFC 6407 deletes everything") {
  const auto found = read({del(2, 1, 4, {tek_spi(0)}), del(2, 0, 16, {Bytes(16)})});
  REQUIRE(found);
  CHECK(found->all_teks);
  CHECK(found->all_keks);
}

TEST_CASE("deletes of DOI 0 and 1 mean what those of DOI 2 mean") {
  for (const std::uint32_t doi : {0U, 1U, 2U})
    CHECK(read({del(doi, 0, 16, {kek_a})}) == read({del(2, 0, 16, {kek_a})}));
}

TEST_CASE("a delete of another DOI is refused") {
  for (const std::uint32_t doi : {3U, 0x01000002U})
    CHECK(failure(read({del(doi, 1, 4, {tek_spi(7)})})) == "unsupported: DOI of a D");
}

TEST_CASE("deletes of protocols that we have no SAs of are counted") {
  const auto found = read({del(2, 2, 4, {tek_spi(7), tek_spi(0)}), del(2, 200, 3, {Bytes(3)})});
  REQUIRE(found);
  CHECK(found->empty());
  CHECK(found->ignored == 3);
}

TEST_CASE("an SPI said twice is deleted once") {
  const auto found = read({del(2, 1, 4, {tek_spi(7), tek_spi(7)}), del(2, 1, 4, {tek_spi(7)}),
                           del(2, 0, 16, {kek_a, kek_a})});
  REQUIRE(found);
  CHECK(found->teks == std::vector{Spi{7}});
  CHECK(found->keks == std::vector{spi_a});
}

TEST_CASE("SPIs of a size that nothing has are refused") {
  CHECK(failure(read({del(2, 1, 8, {repeated(1, 8)})})) == "malformed: SPI size of a D");
  CHECK(failure(read({del(2, 1, 8, {Bytes(8)})})) == "malformed: SPI size of a D");
  CHECK(failure(read({del(2, 0, 3, {Bytes(3)})})) == "malformed: SPI size of a D");
  CHECK(failure(read({del(2, 0, 4, {tek_spi(7)})})) == "malformed: SPI size of a D for a KEK");
}

TEST_CASE("a D cut short anywhere, or longer than its SPIs, is refused") {
  const Part whole = del(2, 1, 4, {tek_spi(7), tek_spi(8)});
  REQUIRE(read({whole}));
  for (std::size_t size = 0; size < whole.body.size(); ++size) {
    const std::vector<View> cut{View{whole.body}.first(size)};
    CHECK_FALSE(read_deletes(cut));
  }
  Part longer = whole;
  longer.body.push_back(std::byte{0});
  CHECK_FALSE(read({longer}));
  CHECK_FALSE(read({del(2, 1, 4, {})}));
}

TEST_CASE("one wrong D spoils all") {
  CHECK_FALSE(read({del(2, 1, 4, {tek_spi(7)}), del(9, 1, 4, {tek_spi(8)})}));
}

}  // namespace deletes_test
