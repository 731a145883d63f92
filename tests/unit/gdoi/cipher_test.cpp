// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/cipher.h"

#include "tests/support/catch.h"
#include "tests/support/failure.h"
#include "tests/support/vector_file.h"

namespace cipher_test {

using namespace gdoi;
using support::detail;
using support::failure;
using support::hex;
using support::joined;
using support::octets;
using support::own_vectors;

namespace {

CipherAlgorithm cipher_called(const std::string& name) {
  if (name == "des") return CipherAlgorithm::des_cbc;
  if (name == "3des") return CipherAlgorithm::triple_des_cbc;
  if (name == "aes") return CipherAlgorithm::aes_cbc;
  throw std::invalid_argument{"cipher " + name};
}

void check_vectors(const char* path, std::size_t count) {
  const auto vectors = own_vectors(path).sections();
  REQUIRE(vectors.size() == count);
  for (const auto& vector : vectors) {
    INFO(vector.name());
    const auto cipher = cipher_called(vector.text("cipher"));
    const auto key = vector.octets("key"), iv = vector.octets("iv");
    CHECK(hex(encrypt(cipher, key, iv, vector.octets("plain"))) == hex(vector.octets("wire")));
    const auto plain = decrypt(cipher, key, iv, vector.octets("wire"));
    REQUIRE(plain);
    CHECK(hex(*plain) == hex(vector.octets("plain")));
  }
}

}  // namespace

TEST_CASE("AES-CBC of RFC 3602 and SP 800-38A") {
  check_vectors("tests/unit/gdoi/vectors/aes_cbc.vec", 6);
}

TEST_CASE("DES-CBC of FIPS 81 and 3DES of SP 800-67") {
  check_vectors("tests/unit/gdoi/vectors/des_cbc.vec", 4);
}

TEST_CASE("keys have the sizes of their cipher") {
  using enum CipherAlgorithm;
  for (std::size_t size = 0; size < 66; ++size) {
    CHECK(valid_key_size(des_cbc, size) == (size == 8));
    CHECK(valid_key_size(triple_des_cbc, size) == (size == 24));
    CHECK(valid_key_size(aes_cbc, size) == (size == 16 || size == 24 || size == 32));
  }
}

TEST_CASE("what does not fill a block is filled with zeros, what does is not") {
  const Bytes key(16, std::byte{1}), iv(16, std::byte{2}), full(32, std::byte{3});
  for (std::size_t size = 1; size <= 32; ++size) {
    const View part = View{full}.first(size);
    const Bytes wire = encrypt(CipherAlgorithm::aes_cbc, key, iv, part);
    REQUIRE(wire.size() == (size <= 16 ? 16 : 32));
    const auto plain = decrypt(CipherAlgorithm::aes_cbc, key, iv, wire);
    REQUIRE(plain);
    CHECK(hex(*plain) == hex(joined({part, Bytes(wire.size() - size)})));
  }
}

TEST_CASE("nothing is encrypted to nothing") {
  CHECK(encrypt(CipherAlgorithm::aes_cbc, Bytes(16), Bytes(16), {}).empty());
}

TEST_CASE("ciphertext that is not whole blocks, or none, is refused") {
  const std::string refusal = "malformed: ciphertext is not whole blocks";
  for (const std::size_t size : {0u, 1u, 15u, 17u, 31u}) {
    const auto plain = decrypt(CipherAlgorithm::aes_cbc, Bytes(16), Bytes(16), Bytes(size));
    CHECK(failure(plain) == refusal);
    CHECK(detail(plain) == size);
  }
  CHECK(decrypt(CipherAlgorithm::triple_des_cbc, Bytes(24), Bytes(8), Bytes(24)));
  CHECK(failure(decrypt(CipherAlgorithm::triple_des_cbc, Bytes(24), Bytes(8), Bytes(20))) ==
        refusal);
}

TEST_CASE("each block depends on the one before, the first on the IV") {
  const Bytes key(16, std::byte{1}), plain(32, std::byte{3});
  const Bytes one = encrypt(CipherAlgorithm::aes_cbc, key, Bytes(16, std::byte{1}), plain);
  const Bytes two = encrypt(CipherAlgorithm::aes_cbc, key, Bytes(16, std::byte{2}), plain);
  const View first = one, second = two;
  CHECK(hex(first.first(16)) != hex(second.first(16)));
  CHECK(hex(first.last(16)) != hex(second.last(16)));
  CHECK(hex(first.first(16)) != hex(first.last(16)));
}

}  // namespace cipher_test
