// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/push/acknowledgement.h"

#include "tests/support/catch.h"
#include "tests/unit/push/push_builder.h"

namespace acknowledgement_test {

using namespace gdoi;
using support::hex;
using support::joined;
using support::octets;

namespace {

const Bytes base_key = octets("000102030405060708090a0b0c0d0e0f");

AckFacts facts(AckType type) {
  const push_test::ServerKek kek;
  return {type, push_test::spi_of(kek), {7}, push_test::member, base_key};
}

// ack_key and message are the formulas of RFC 8263 section 3, written with OpenSSL's HMAC.
Bytes ack_key(const std::string& hash, unsigned bits) {
  return push_test::hmac(hash, base_key,
                         joined({support::text_octets("GROUPKEY-PUSH ACK"), Bytes(1),
                                 push_test::kek_spi('K'), push_test::Octets{}.u16(bits).bytes()}));
}

Bytes message(const std::string& hash, unsigned bits, View id, unsigned id_size) {
  const Bytes payloads =
      push_test::Octets{}.u8(5).u8(0).u16(8).u32(7).u8(0).u8(0).u16(id_size).put(id).bytes();
  const Bytes tag = push_test::hmac(hash, ack_key(hash, bits), payloads);
  const auto tag_size = static_cast<unsigned>(tag.size() + 4);
  return push_test::Octets{}
      .put(push_test::kek_spi('K'))
      .u8(8)
      .u8(0x10)
      .u8(35)
      .u8(0)
      .u32(0)
      .u32(static_cast<std::uint32_t>(28 + tag_size + payloads.size()))
      .u8(18)
      .u8(0)
      .u16(tag_size)
      .put(tag)
      .put(payloads)
      .bytes();
}

}  // namespace

TEST_CASE("each acknowledgement type and each L make the message of RFC 8263") {
  struct Row {
    AckType type;
    AckKeyLength length;
    std::string hash;
    unsigned bits;
  };
  const std::array rows{
      Row{AckType::kek_sha256, AckKeyLength::block, "SHA256", 512},
      Row{AckType::kek_sha256, AckKeyLength::output, "SHA256", 256},
      Row{AckType::kek_sha256, AckKeyLength::base_key, "SHA256", 128},
      Row{AckType::lkh_sha256, AckKeyLength::block, "SHA256", 512},
      Row{AckType::lkh_sha256, AckKeyLength::output, "SHA256", 256},
      Row{AckType::lkh_sha256, AckKeyLength::base_key, "SHA256", 128},
      Row{AckType::kek_sha512, AckKeyLength::block, "SHA512", 1024},
      Row{AckType::kek_sha512, AckKeyLength::output, "SHA512", 512},
      Row{AckType::kek_sha512, AckKeyLength::base_key, "SHA512", 128},
      Row{AckType::lkh_sha512, AckKeyLength::block, "SHA512", 1024},
      Row{AckType::lkh_sha512, AckKeyLength::output, "SHA512", 512},
      Row{AckType::lkh_sha512, AckKeyLength::base_key, "SHA512", 128},
  };
  const Bytes id = octets("01 00 0000 ac100102");
  for (const Row& row : rows) {
    INFO(row.hash << " L=" << row.bits);
    const AckFacts said = facts(row.type);
    CHECK(hex(derive_ack_key(said, row.length).view()) == hex(ack_key(row.hash, row.bits)));
    CHECK(hex(encode_acknowledgement(said, row.length)) ==
          hex(message(row.hash, row.bits, id, 12)));
  }
}

TEST_CASE("a member with an IPv6 address names itself by ID_IPV6_ADDR") {
  AckFacts said = facts(AckType::kek_sha256);
  said.member.family = Address::Family::ipv6;
  for (std::size_t i = 0; i < 16; ++i) said.member.bytes[i] = static_cast<std::byte>(0x20 + i);
  const Bytes id = octets("05 00 0000 202122232425262728292a2b2c2d2e2f");
  CHECK(hex(encode_acknowledgement(said, AckKeyLength::block)) ==
        hex(message("SHA256", 512, id, 24)));
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
