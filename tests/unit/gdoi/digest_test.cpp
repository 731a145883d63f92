// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/digest.h"

#include "tests/support/catch.h"
#include "tests/support/vector_file.h"

namespace digest_test {

using namespace gdoi;
using support::hex;
using support::octets;
using support::own_vectors;
using support::text_octets;

namespace {

HashAlgorithm hash_called(const std::string& name) {
  if (name == "md5") return HashAlgorithm::md5;
  if (name == "sha1") return HashAlgorithm::sha1;
  if (name == "sha256") return HashAlgorithm::sha256;
  if (name == "sha384") return HashAlgorithm::sha384;
  if (name == "sha512") return HashAlgorithm::sha512;
  throw std::invalid_argument{"hash " + name};
}

}  // namespace

TEST_CASE("hashes of the published messages") {
  const auto vectors = own_vectors("tests/unit/gdoi/vectors/digest.vec").sections();
  REQUIRE(vectors.size() == 9);
  for (const auto& vector : vectors) {
    INFO(vector.name());
    const auto hash = hash_called(vector.text("hash"));
    CHECK(hex(digest(hash, {vector.octets("data")})) == hex(vector.octets("digest")));
    CHECK(digest_size(hash) == vector.octets("digest").size());
  }
}

TEST_CASE("HMAC-MD5 and HMAC-SHA-1 of RFC 2202") {
  const auto vectors = own_vectors("tests/unit/gdoi/vectors/hmac_md5_sha1.vec").sections();
  REQUIRE(vectors.size() == 14);
  for (const auto& vector : vectors) {
    INFO(vector.name());
    const auto mac =
        prf(hash_called(vector.text("hash")), vector.octets("key"), {vector.octets("data")});
    CHECK(hex(mac.view()) == hex(vector.octets("digest")));
  }
}

TEST_CASE("HMAC-SHA-2 of RFC 4231") {
  const auto vectors = own_vectors("tests/unit/gdoi/vectors/hmac_sha2.vec").sections();
  REQUIRE(vectors.size() == 7);
  for (const auto& vector : vectors) {
    INFO(vector.name());
    for (const char* name : {"sha256", "sha384", "sha512"}) {
      const auto mac = prf(hash_called(name), vector.octets("key"), {vector.octets("data")});
      const auto expected = vector.octets(name);  // case 5 has the first 128 bits only
      CHECK(hex(mac.view().first(expected.size())) == hex(expected));
    }
  }
}

TEST_CASE("pieces are hashed as if they were one") {
  const Bytes whole = text_octets("what do ya want for nothing?"), key = text_octets("Jefe");
  const View all = whole;
  CHECK(digest(HashAlgorithm::sha256, {all.first(5), {}, all.subspan(5)}) ==
        digest(HashAlgorithm::sha256, {whole}));
  CHECK(hex(prf(HashAlgorithm::sha1, key, {all.first(5), {}, all.subspan(5)}).view()) ==
        "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
}

TEST_CASE("an empty key and an empty message have an HMAC too") {
  // Python: hmac.new(b"", b"", "sha256")
  CHECK(hex(prf(HashAlgorithm::sha256, {}, {}).view()) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("another key, or another message, has another HMAC") {
  const auto mac = prf(HashAlgorithm::sha256, octets("01"), {octets("0203")});
  CHECK_FALSE(mac.equals(prf(HashAlgorithm::sha256, octets("02"), {octets("0203")}).view()));
  CHECK_FALSE(mac.equals(prf(HashAlgorithm::sha256, octets("01"), {octets("0204")}).view()));
  CHECK_FALSE(mac.equals(prf(HashAlgorithm::sha256, octets("01"), {octets("020300")}).view()));
}

}  // namespace digest_test
