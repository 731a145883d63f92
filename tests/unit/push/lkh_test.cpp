// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/lkh.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/unit/push/pushes.h"

namespace lkh_test {

using namespace gdoi;
using namespace push_test;
using support::failure;
using support::joined;

namespace {

// RFC 6407 figure 12.
Bytes lkh_key(unsigned id, unsigned type, const Bytes& data) {
  return ks::be(id, 2) + ks::be(type, 1) + ks::be(0, 1) + ks::be(1000 + id, 4) +
         ks::be(2000 + id, 4) + ks::be(3000 + id, 4) + data;
}

// Figures 11 and 13.
Bytes download(unsigned count, const Bytes& keys, unsigned version = 1) {
  return ks::be(version, 1) + ks::be(count, 2) + ks::be(0, 1) + keys;
}
Bytes update(unsigned count, const Bytes& keys, unsigned version = 1) {
  return ks::be(version, 1) + ks::be(count, 2) + ks::be(0, 1) + ks::be(77, 2) + ks::be(0, 2) +
         ks::be(88, 4) + keys;
}

const Bytes leaf = lkh_key(4, 3, repeated(0x44, 32)), root = lkh_key(1, 3, repeated(0x11, 32));
const Bytes whole_download = download(2, joined({leaf, root}));
const Bytes whole_update = update(2, joined({leaf, root}));

Bytes lkh_packet(std::initializer_list<Bytes> attributes) {
  return key_packet(3, kek_spi('L'), attributes);
}

Result<std::optional<LkhPacket>> find(const std::vector<Bytes>& packets) {
  return find_lkh(kd(packets).body, 128);
}

}  // namespace

TEST_CASE("a download array holds the path from the leaf to the KEK") {
  const auto array = parse_lkh_download(whole_download, 128);
  REQUIRE(array);
  REQUIRE(array->keys.size() == 2);
  const LkhKey& first = array->keys[0];
  CHECK(first.id == 4);
  CHECK(first.cipher == CipherAlgorithm::aes_cbc);
  CHECK(first.created == 1004);
  CHECK(first.expires == 2004);
  CHECK(first.handle == 3004);
  CHECK(first.data.equals(repeated(0x44, 32)));
  CHECK(array->keys[1].id == 1);
  CHECK(array->keys[1].data.equals(repeated(0x11, 32)));
}

TEST_CASE("an update array names the key that its first one is encrypted with") {
  const auto array = parse_lkh_update(whole_update, 128);
  REQUIRE(array);
  CHECK(array->id == 77);
  CHECK(array->handle == 88);
  REQUIRE(array->keys.size() == 2);
  CHECK(array->keys[1].data.equals(repeated(0x11, 32)));
}

TEST_CASE("the length of an LKH key follows from its type") {
  struct Row {
    unsigned type;
    std::uint16_t bits;
    std::size_t clear, encrypted;
  };
  for (const Row& row : {Row{1, 0, 16, 16}, Row{2, 0, 32, 32}, Row{3, 128, 32, 32},
                         Row{3, 192, 40, 48}, Row{3, 256, 48, 48}}) {
    INFO(row.type << " " << row.bits);
    const Bytes clear = lkh_key(1, row.type, repeated(1, row.clear));
    const Bytes encrypted = lkh_key(1, row.type, repeated(1, row.encrypted));
    CHECK(parse_lkh_download(download(1, clear), row.bits));
    CHECK(parse_lkh_update(update(1, encrypted), row.bits));
    CHECK_FALSE(parse_lkh_download(download(1, joined({clear, Bytes(1)})), row.bits));
    CHECK_FALSE(parse_lkh_update(update(1, {encrypted.begin(), encrypted.end() - 1}), row.bits));
  }
}

TEST_CASE("an LKH array cut short anywhere, or with an octet more, is refused") {
  for (std::size_t size = 0; size < whole_download.size(); ++size)
    CHECK_FALSE(parse_lkh_download(View{whole_download}.first(size), 128));
  CHECK_FALSE(parse_lkh_download(joined({whole_download, Bytes(1)}), 128));
  for (std::size_t size = 0; size < whole_update.size(); ++size)
    CHECK_FALSE(parse_lkh_update(View{whole_update}.first(size), 128));
  CHECK_FALSE(parse_lkh_update(joined({whole_update, Bytes(1)}), 128));
}

TEST_CASE("LKH arrays of another version, without keys, or of other keys are refused") {
  const Bytes keys = joined({leaf, root});
  CHECK(failure(parse_lkh_download(download(2, keys, 2), 128)) == "unsupported: LKH version");
  CHECK(failure(parse_lkh_update(update(2, keys, 0), 128)) == "unsupported: LKH version");
  CHECK(failure(parse_lkh_download(download(0, {}), 128)) ==
        "malformed: number of keys in an LKH array");
  CHECK(failure(parse_lkh_download(download(65, keys), 128)) ==
        "malformed: number of keys in an LKH array");
  CHECK(failure(parse_lkh_download(download(1, keys), 128)) ==
        "malformed: octets after the last LKH key");
  CHECK(failure(parse_lkh_download(download(3, keys), 128)) == "truncated: LKH key");
  CHECK(failure(parse_lkh_download(download(1, lkh_key(1, 9, repeated(1, 32))), 128)) ==
        "unsupported: LKH key type");
  CHECK(failure(parse_lkh_download(whole_download, 64)) == "unsupported: size of an LKH key");
}

TEST_CASE("the LKH packet of a KD is found among others") {
  const auto packet =
      find({tek_packet(7),
            lkh_packet({ks::tlv(1, whole_download), ks::tlv(2, whole_update),
                        ks::tlv(2, whole_update), ks::tlv(3, repeated(5, 9)), ks::tv(99, 1)})});
  REQUIRE(packet);
  REQUIRE(*packet);
  CHECK((*packet)->spi == spi_of(with_spi(kek_spi('L'))));
  CHECK((*packet)->download);
  CHECK((*packet)->updates.size() == 2);
  CHECK((*packet)->signature_key == repeated(5, 9));
  CHECK((*packet)->ignored_attributes == 1);

  const auto none = find({tek_packet(7)});
  REQUIRE(none);
  CHECK_FALSE(*none);
}

TEST_CASE("an LKH packet that contradicts itself is refused") {
  CHECK(failure(find({lkh_packet({})})) == "malformed: LKH packet without an array");
  CHECK(failure(find({lkh_packet({ks::tlv(1, whole_download), ks::tlv(1, whole_download)})})) ==
        "malformed: LKH_DOWNLOAD_ARRAY twice");
  CHECK(failure(find({lkh_packet({ks::tlv(2, whole_update), ks::tlv(3, repeated(5, 9)),
                                  ks::tlv(3, repeated(5, 9))})})) ==
        "malformed: SIG_ALGORITHM_KEY twice");
  CHECK(failure(find({key_packet(3, repeated(1, 15), {ks::tlv(2, whole_update)})})) ==
        "malformed: LKH packet SPI size");
  const Part whole = kd({lkh_packet({ks::tlv(2, whole_update)})});
  REQUIRE(find_lkh(whole.body, 128));
  for (std::size_t size = 0; size < whole.body.size(); ++size)
    CHECK_FALSE(find_lkh(View{whole.body}.first(size), 128));
}

TEST_CASE("an acknowledgement's base key is the leaf's without its IV") {
  const Bytes data = joined({repeated(0xaa, 16), repeated(0xbb, 16)});
  const auto array = parse_lkh_download(download(2, joined({lkh_key(4, 3, data), root})), 128);
  REQUIRE(array);
  CHECK(support::hex(base_key_of(*array)) == support::hex(repeated(0xbb, 16)));
  const Bytes des = joined({repeated(0xaa, 8), repeated(0xcc, 24)});
  const auto triple = parse_lkh_download(download(1, lkh_key(4, 2, des)), 0);
  REQUIRE(triple);
  CHECK(support::hex(base_key_of(*triple)) == support::hex(repeated(0xcc, 24)));
}

}  // namespace lkh_test
