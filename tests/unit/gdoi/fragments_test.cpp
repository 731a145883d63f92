// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/phase1/fragments.h"

#include "tests/support/catch.h"
#include "tests/support/hex.h"

namespace fragments_test {

using namespace gdoi;
using support::hex;
using support::octets;

namespace {

constexpr Instant noon{std::chrono::hours{12}};

const std::string cookies = "0102030405060708 1112131415161718";

Bytes unspaced(std::string text) {
  text.erase(std::remove(text.begin(), text.end(), ' '), text.end());
  return octets(text);
}

std::string number(std::size_t value, int digits) {
  std::string out;
  for (int i = digits - 1; i >= 0; --i) out += "0123456789abcdef"[value >> (4 * i) & 15];
  return out;
}

// A fragment written by hand: header, then next payload, reserved, length, ID, number, flags, data.
Bytes fragment(unsigned id, unsigned at, bool last, const std::string& data,
               const std::string& of = cookies) {
  const std::size_t length = 8 + data.size() / 2;
  return unspaced(of + "84 10 02 00 00000000" + number(28 + length, 8) + "00 00" +
                  number(length, 4) + number(id, 4) + number(at, 2) + (last ? "01" : "00") + data);
}

Result<std::vector<Bytes>> add(Reassembly& to, const Bytes& datagram, Instant now = noon) {
  const auto message = parse_message(datagram);
  REQUIRE(message.has_value());
  return to.add(*message, now);
}

std::string failure(const Result<std::vector<Bytes>>& result) {
  REQUIRE_FALSE(result.has_value());
  return std::string{name_of(result.error().code)} + ": " + std::string{result.error().where};
}

// A message of `size` octets, encrypted by its flags.
Bytes message_of(std::size_t size) {
  Bytes out = unspaced(cookies + "05 10 02 01 00000000" + number(size, 8));
  for (std::size_t i = out.size(); i < size; ++i)
    out.push_back(static_cast<std::byte>(i * 7 & 0xff));
  return out;
}

}  // namespace

TEST_CASE("fragments make a message in any order, and copies change nothing") {
  Reassembly store;
  CHECK(add(store, fragment(7, 3, true, "ccdd"))->empty());
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  const auto whole = add(store, fragment(7, 2, false, "bb"));
  REQUIRE(whole.has_value());
  REQUIRE(whole->size() == 1);
  CHECK(hex(whole->front()) == "aabbccdd");
}

TEST_CASE("a lost fragment is one that comes again later") {
  Reassembly store;
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(store, fragment(7, 3, true, "cc"))->empty());
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());  // the key server sends all again
  CHECK(add(store, fragment(7, 2, false, "bb"))->size() == 1);
}

TEST_CASE("a forged fragment does not shut out the honest one, whichever comes first") {
  for (const bool forged_first : {true, false}) {
    Reassembly store;
    const auto honest = fragment(7, 1, false, "aa"), forged = fragment(7, 1, false, "ee");
    CHECK(add(store, forged_first ? forged : honest)->empty());
    CHECK(add(store, forged_first ? honest : forged)->empty());
    const auto whole = add(store, fragment(7, 2, true, "bb"));
    REQUIRE(whole->size() == 2);
    CHECK(std::count(whole->begin(), whole->end(), octets("aabb")) == 1);
  }
}

TEST_CASE("a forged end neither ends the honest message nor hides it") {
  Reassembly store;
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(store, fragment(7, 2, true, "ee"))->size() == 1);  // aaee, which proves nothing
  CHECK(add(store, fragment(7, 2, false, "bb"))->empty());
  const auto whole = add(store, fragment(7, 3, true, "cc"));
  REQUIRE(whole->size() == 1);
  CHECK(hex(whole->front()) == "aabbcc");
}

TEST_CASE("forms of one number, messages under way, octets and time are bounded") {
  Reassembly store;
  for (const auto* data : {"01", "02", "03"})
    CHECK(add(store, fragment(7, 1, false, data))->empty());
  CHECK(failure(add(store, fragment(7, 1, false, "04"))) ==
        "unexpected: IKE fragment in too many forms");
  CHECK(add(store, fragment(7, 2, true, "bb"))->size() == 3);

  // Many messages under way: the oldest goes.
  Reassembly many;
  for (unsigned id = 1; id <= Reassembly::max_sets + 1; ++id)
    CHECK(add(many, fragment(id, 1, false, "aa"))->empty());
  CHECK(many.octets() == Reassembly::max_sets);
  CHECK(add(many, fragment(1, 2, true, "bb"))->empty());
  CHECK(add(many, fragment(Reassembly::max_sets + 1, 2, true, "bb"))->size() == 1);

  // Octets: what cannot be honest makes room.
  Reassembly large;
  const std::string much(2 * 40000, 'a');
  CHECK(add(large, fragment(7, 200, false, much))->empty());
  CHECK(add(large, fragment(7, 201, false, much))->empty());
  CHECK(large.octets() <= Reassembly::max_octets);
  CHECK(add(large, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(large, fragment(7, 2, true, "bb"))->size() == 1);

  // Time.
  Reassembly slow;
  CHECK(add(slow, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(slow, fragment(7, 2, true, "bb"), noon + Reassembly::life)->empty());
}

TEST_CASE("what is made of one set of fragments is bounded, however its forms combine") {
  const std::string data(2 * 80, 'a');
  Reassembly store;
  std::size_t made = 0, octets_made = 0;
  for (unsigned at = 255; at > 0; --at)
    for (const auto* form : {"01", "02", "03"}) {
      const auto whole = add(store, fragment(7, at, at == 255, form + data));
      REQUIRE(whole.has_value());
      made += whole->size();
      for (const auto& one : *whole) octets_made += one.size();
    }
  CHECK(made > 0);
  CHECK(made < Reassembly::max_made + Reassembly::max_messages);
  CHECK(octets_made <= Reassembly::max_octets_made + Reassembly::max_octets);
  // The set is gone, and what the honest sender repeats is whole again.
  CHECK(store.octets() == 0);
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(store, fragment(7, 2, true, "bb"))->size() == 1);

  // A few large ones.
  Reassembly large;
  octets_made = 0;
  const std::string much(2 * 10000, 'a');
  for (int round = 0; round < 10; ++round)
    for (unsigned at = 2; at > 0; --at)
      for (const auto* form : {"01", "02", "03"}) {
        const auto whole = add(large, fragment(7, at, at == 2, form + much));
        if (!whole) continue;  // in too many forms
        for (const auto& one : *whole) octets_made += one.size();
      }
  CHECK(octets_made < 10 * (Reassembly::max_octets_made + Reassembly::max_octets));
}

TEST_CASE("fragments of other cookies or another ID are another message") {
  Reassembly store;
  CHECK(add(store, fragment(7, 1, false, "aa"))->empty());
  CHECK(add(store, fragment(8, 2, true, "bb"))->empty());
  CHECK(add(store, fragment(7, 2, true, "bb", "0102030405060708 2122232425262728"))->empty());
}

TEST_CASE("malformed fragments are refused and leave nothing behind") {
  Reassembly store;
  const auto body = [](const std::string& payload) {
    const Bytes octets_of_it = unspaced(payload);
    return unspaced(cookies + "84 10 02 00 00000000" + number(28 + octets_of_it.size(), 8) +
                    payload);
  };
  CHECK(failure(add(store, body("00 00 0008 0007 01"))) == "truncated: IKE fragment");
  CHECK(failure(add(store, body("00 00 0009 0007 01 00"))) ==
        "malformed: length of an IKE fragment");
  CHECK(failure(add(store, body("05 00 0009 0007 01 00 aa"))) ==
        "malformed: payload after an IKE fragment");
  CHECK(failure(add(store, body("00 00 0009 0007 00 00 aa"))) ==
        "malformed: IKE fragment number 0");
  CHECK(failure(add(store, body("00 00 0008 0007 01 01"))) ==
        "malformed: IKE fragment without data");
  CHECK(store.octets() == 0);
}

TEST_CASE("a large message is cut into datagrams that any path carries, and is whole again") {
  for (const std::size_t size : {std::size_t{1201}, std::size_t{5000}, std::size_t{65000}}) {
    const Bytes message = message_of(size);
    const auto parts = fragments_of(message, 9);
    REQUIRE(parts.has_value());
    CHECK(parts->size() > 1);
    Reassembly store;
    std::vector<Bytes> whole;
    for (const auto& part : *parts) {
      CHECK(part.size() <= largest_unfragmented);
      const auto header = parse_message(part)->header;
      CHECK(is_fragment(header));
      CHECK_FALSE(header.is_encrypted());
      whole = *add(store, part);
    }
    REQUIRE(whole.size() == 1);
    CHECK(whole.front() == message);
  }
}

TEST_CASE("a small message stays as it is, and one for more than 255 fragments is refused") {
  const Bytes small = message_of(largest_unfragmented);
  CHECK(fragments_of(small, 1).value() == std::vector<Bytes>{small});
  CHECK_FALSE(fragments_of(message_of(300000), 1).has_value());
}

TEST_CASE("the vendor ID is known with any capabilities and with none") {
  CHECK(hex(fragmentation_vendor_id()) == "4048b7d56ebce88525e7de7f00d6c2d3c0000000");
  CHECK(is_fragmentation_vendor_id(octets("4048b7d56ebce88525e7de7f00d6c2d3")));
  CHECK(is_fragmentation_vendor_id(octets("4048b7d56ebce88525e7de7f00d6c2d380000000")));
  CHECK_FALSE(is_fragmentation_vendor_id(octets("4048b7d56ebce88525e7de7f00d6c2")));
}

}  // namespace fragments_test
