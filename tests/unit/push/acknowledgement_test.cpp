// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/acknowledgement.h"

#include "tests/support/catch.h"
#include "tests/unit/push/pushes.h"

namespace acknowledgement_test {

using namespace gdoi;
using support::hex;
using support::joined;
using support::octets;

namespace {

const Bytes base_key = octets("000102030405060708090a0b0c0d0e0f");

AckFacts facts(AckType type) {
  const ks::Kek kek;
  return {type, push_test::spi_of(kek), {7}, push_test::member, base_key};
}

// ack_key and message are the formulas of RFC 8263 section 3, written with OpenSSL's HMAC.
Bytes ack_key(unsigned hash, unsigned bits) {
  return ks::hmac(hash, base_key,
                  joined({support::text_octets("GROUPKEY-PUSH ACK"), Bytes(1),
                          push_test::kek_spi('K'), ks::be(bits, 2)}));
}

Bytes message(unsigned hash, unsigned bits, const Bytes& id) {
  using push_test::operator+;
  const Bytes payloads = ks::chain({{ks::seq_payload, ks::be(7, 4)}, {ks::id_payload, id}});
  const Bytes tag = ks::hmac(hash, ack_key(hash, bits), payloads);
  return ks::isakmp_header(push_test::kek_spi('K'), {ks::hash_payload, ks::groupkey_push_ack},
                           28 + 4 + tag.size() + payloads.size()) +
         ks::chain({{ks::hash_payload, tag}}, ks::seq_payload) + payloads;
}

}  // namespace

TEST_CASE("each acknowledgement type and each L make the message of RFC 8263") {
  struct Row {
    AckType type;
    AckKeyLength length;
    unsigned hash;
    unsigned bits;
  };
  const std::array rows{
      Row{AckType::kek_sha256, AckKeyLength::block, ks::sha256, 512},
      Row{AckType::kek_sha256, AckKeyLength::output, ks::sha256, 256},
      Row{AckType::kek_sha256, AckKeyLength::base_key, ks::sha256, 128},
      Row{AckType::lkh_sha256, AckKeyLength::block, ks::sha256, 512},
      Row{AckType::lkh_sha256, AckKeyLength::output, ks::sha256, 256},
      Row{AckType::lkh_sha256, AckKeyLength::base_key, ks::sha256, 128},
      Row{AckType::kek_sha512, AckKeyLength::block, ks::sha512, 1024},
      Row{AckType::kek_sha512, AckKeyLength::output, ks::sha512, 512},
      Row{AckType::kek_sha512, AckKeyLength::base_key, ks::sha512, 128},
      Row{AckType::lkh_sha512, AckKeyLength::block, ks::sha512, 1024},
      Row{AckType::lkh_sha512, AckKeyLength::output, ks::sha512, 512},
      Row{AckType::lkh_sha512, AckKeyLength::base_key, ks::sha512, 128},
  };
  const Bytes id = octets("01 00 0000 ac100102");
  for (const Row& row : rows) {
    INFO(row.hash << " L=" << row.bits);
    const AckFacts said = facts(row.type);
    CHECK(hex(derive_ack_key(said, row.length).view()) == hex(ack_key(row.hash, row.bits)));
    CHECK(hex(encode_acknowledgement(said, row.length)) == hex(message(row.hash, row.bits, id)));
  }
}

TEST_CASE("a member with an IPv6 address names itself by ID_IPV6_ADDR") {
  AckFacts said = facts(AckType::kek_sha256);
  said.member.family = Address::Family::ipv6;
  for (std::size_t i = 0; i < 16; ++i) said.member.bytes[i] = static_cast<std::byte>(0x20 + i);
  const Bytes id = octets("05 00 0000 202122232425262728292a2b2c2d2e2f");
  CHECK(hex(encode_acknowledgement(said, AckKeyLength::block)) ==
        hex(message(ks::sha256, 512, id)));
}

TEST_CASE("an acknowledgement depends on all it says") {
  const auto ack = [](const AckFacts& said) {
    return encode_acknowledgement(said, AckKeyLength::block);
  };
  const Bytes first = ack(facts(AckType::kek_sha256));
  auto other = facts(AckType::kek_sha256);
  other.sequence = {8};
  CHECK(ack(other) != first);
  other = facts(AckType::kek_sha256);
  other.member.bytes[3] = std::byte{3};
  CHECK(ack(other) != first);
  const Bytes other_key(16);
  other = facts(AckType::kek_sha256);
  other.base_key = other_key;
  CHECK(ack(other) != first);
}

TEST_CASE("only two types want a key of the LKH tree") {
  CHECK_FALSE(uses_lkh(AckType::kek_sha256));
  CHECK(uses_lkh(AckType::lkh_sha256));
  CHECK_FALSE(uses_lkh(AckType::kek_sha512));
  CHECK(uses_lkh(AckType::lkh_sha512));
}

}  // namespace acknowledgement_test
