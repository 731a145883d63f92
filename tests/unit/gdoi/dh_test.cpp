// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/dh.h"

#include <array>

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/fixed_random.h"
#include "tests/support/vector_file.h"

namespace dh_test {

using namespace gdoi;
using support::failure;
using support::FixedRandom;
using support::hex;
using support::joined;
using support::octets;
using support::own_vectors;
using support::SeededRandom;
using support::VectorSection;

namespace {

constexpr std::array all_groups{DhGroup::modp1024, DhGroup::modp1536, DhGroup::modp2048,
                                DhGroup::modp3072, DhGroup::modp4096, DhGroup::ecp256,
                                DhGroup::ecp384,   DhGroup::ecp521};

DhGroup modp_of(const std::string& bits) {
  if (bits == "1024") return DhGroup::modp1024;
  if (bits == "1536") return DhGroup::modp1536;
  if (bits == "2048") return DhGroup::modp2048;
  if (bits == "3072") return DhGroup::modp3072;
  if (bits == "4096") return DhGroup::modp4096;
  throw std::invalid_argument{"MODP " + bits};
}

DhGroup ecp_of(const std::string& bits) {
  if (bits == "256") return DhGroup::ecp256;
  if (bits == "384") return DhGroup::ecp384;
  if (bits == "521") return DhGroup::ecp521;
  throw std::invalid_argument{"ECP " + bits};
}

DiffieHellman pair_from(DhGroup group, Bytes secret) {
  FixedRandom random{std::move(secret)};
  auto pair = DiffieHellman::generate(group, random);
  REQUIRE(failure(pair).empty());
  return std::move(*pair);
}

DiffieHellman some_pair(DhGroup group) {
  SeededRandom random{static_cast<std::uint64_t>(group)};
  auto pair = DiffieHellman::generate(group, random);
  REQUIRE(failure(pair).empty());
  return std::move(*pair);
}

void check_vector(DhGroup group, const VectorSection& vector) {
  INFO(vector.name());
  const auto initiator = pair_from(group, vector.octets("initiator_private"));
  const auto responder = pair_from(group, vector.octets("responder_private"));
  CHECK(hex(initiator.public_value()) == hex(vector.octets("initiator_public")));
  CHECK(hex(responder.public_value()) == hex(vector.octets("responder_public")));
  const auto ours = initiator.shared_secret(vector.octets("responder_public"));
  const auto theirs = responder.shared_secret(vector.octets("initiator_public"));
  REQUIRE(ours);
  REQUIRE(theirs);
  CHECK(hex(ours->view()) == hex(vector.octets("shared")));
  CHECK(hex(theirs->view()) == hex(vector.octets("shared")));
}

// minus subtracts a small number from a big-endian one.
Bytes minus(Bytes number, unsigned less) {
  for (std::size_t at = number.size(); at-- > 0 && less != 0;) {
    const unsigned octet = std::to_integer<unsigned>(number[at]);
    number[at] = static_cast<std::byte>((octet - less) & 0xff);
    less = octet < less ? 1 : 0;
  }
  return number;
}

Bytes small(std::size_t size, std::uint8_t value) {
  Bytes out(size);
  out.back() = std::byte{value};
  return out;
}

}  // namespace

TEST_CASE("ECP groups give the values of RFC 5903") {
  const auto vectors = own_vectors("tests/unit/gdoi/vectors/dh_ecp.vec").sections();
  REQUIRE(vectors.size() == 3);
  for (const auto& vector : vectors) check_vector(ecp_of(vector.text("bits")), vector);
}

TEST_CASE("MODP groups give the values of plain arithmetic, leading zeros included") {
  const auto vectors = own_vectors("tests/unit/gdoi/vectors/dh_modp.vec").sections();
  REQUIRE(vectors.size() == 5);
  CHECK(vectors[0].octets("shared")[0] == std::byte{0});  // or this tests no padding
  for (const auto& vector : vectors) check_vector(modp_of(vector.text("bits")), vector);
}

TEST_CASE("two ends agree in every group") {
  for (const DhGroup group : all_groups) {
    SeededRandom random{99};
    const auto one = some_pair(group);
    const auto two = DiffieHellman::generate(group, random);
    REQUIRE(two);
    CHECK(hex(one.public_value()) != hex(two->public_value()));
    CHECK(one.public_value().size() == public_size(group));
    const auto ours = one.shared_secret(two->public_value());
    const auto theirs = two->shared_secret(one.public_value());
    REQUIRE(ours);
    REQUIRE(theirs);
    CHECK(ours->equals(theirs->view()));
  }
}

TEST_CASE("the same random octets give the same pair") {
  for (const DhGroup group : all_groups)
    CHECK(hex(some_pair(group).public_value()) == hex(some_pair(group).public_value()));
}

TEST_CASE("a peer's value of the wrong length is refused") {
  for (const DhGroup group : all_groups) {
    const auto pair = some_pair(group);
    const Bytes value{pair.public_value().begin(), pair.public_value().end()};
    const View whole = value;
    CHECK(pair.shared_secret(whole));
    const std::string refusal = "malformed: KE length is not the group's";
    CHECK(failure(pair.shared_secret(whole.first(whole.size() - 1))) == refusal);
    CHECK(failure(pair.shared_secret(joined({octets("00"), value}))) == refusal);
    CHECK(failure(pair.shared_secret({})) == refusal);
  }
}

TEST_CASE("a peer's MODP value must lie between 1 and p - 1") {
  for (const auto& vector : own_vectors("tests/unit/gdoi/vectors/dh_modp.vec").sections()) {
    const DhGroup group = modp_of(vector.text("bits"));
    const Bytes prime = vector.octets("prime");
    const auto pair = some_pair(group);
    const std::string refusal = "malformed: KE value out of range";
    CHECK(failure(pair.shared_secret(small(prime.size(), 0))) == refusal);
    CHECK(failure(pair.shared_secret(small(prime.size(), 1))) == refusal);
    CHECK(failure(pair.shared_secret(small(prime.size(), 2))).empty());
    CHECK(failure(pair.shared_secret(minus(prime, 2))).empty());
    CHECK(failure(pair.shared_secret(minus(prime, 1))) == refusal);
    CHECK(failure(pair.shared_secret(prime)) == refusal);
    CHECK(failure(pair.shared_secret(Bytes(prime.size(), std::byte{0xff}))) == refusal);
  }
}

TEST_CASE("a peer's ECP point must lie on the curve") {
  for (const auto& vector : own_vectors("tests/unit/gdoi/vectors/dh_ecp.vec").sections()) {
    const auto pair = some_pair(ecp_of(vector.text("bits")));
    const std::string refusal = "malformed: KE point is not on the curve";
    Bytes point = vector.octets("responder_public");
    CHECK(failure(pair.shared_secret(point)).empty());
    point.back() ^= std::byte{1};
    CHECK(failure(pair.shared_secret(point)) == refusal);
    point.back() ^= std::byte{1};
    point[3] ^= std::byte{1};
    CHECK(failure(pair.shared_secret(point)) == refusal);
    CHECK(failure(pair.shared_secret(Bytes(point.size()))) == refusal);
    CHECK(failure(pair.shared_secret(Bytes(point.size(), std::byte{0xff}))) == refusal);
  }
}

TEST_CASE("a point of another curve is refused") {
  // secp256k1's generator has the size of a P-256 point.
  const Bytes other = octets(
      "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
      "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8");
  CHECK(failure(some_pair(DhGroup::ecp256).shared_secret(other)) ==
        "malformed: KE point is not on the curve");
}

TEST_CASE("private ECP values of 0, and from the order on, are drawn again") {
  // RFC 5903 section 3.1: the order of the 256-bit group.
  const Bytes order = octets("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
  const Bytes good = minus(order, 1);
  FixedRandom random{joined({Bytes(32), order, Bytes(32, std::byte{0xff}), good})};
  const auto pair = DiffieHellman::generate(DhGroup::ecp256, random);
  REQUIRE(failure(pair).empty());
  CHECK(random.remaining() == 0);
  CHECK(hex(pair->public_value()) == hex(pair_from(DhGroup::ecp256, good).public_value()));
}

TEST_CASE("the unused bits of a 521-bit draw do not matter") {
  const auto vector = own_vectors("tests/unit/gdoi/vectors/dh_ecp.vec").sections().at(2);
  Bytes secret = vector.octets("initiator_private");
  secret[0] |= std::byte{0xfe};
  CHECK(hex(pair_from(DhGroup::ecp521, secret).public_value()) ==
        hex(vector.octets("initiator_public")));
}

TEST_CASE("a random source that gives nothing gives no pair") {
  for (const DhGroup group : all_groups) {
    FixedRandom zeros{Bytes(128 * 66)};
    CHECK(failure(DiffieHellman::generate(group, zeros)) ==
          "cryptographic failure: random source gives no private DH value");
  }
}

}  // namespace dh_test
