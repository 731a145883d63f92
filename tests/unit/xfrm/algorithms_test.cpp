// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/algorithms.h"

#include <cerrno>
#include <vector>

#include "tests/support/catch.h"

namespace algorithms_test {

namespace {

const std::vector<std::byte> octets(64, std::byte{0x11});
std::span<const std::byte> key(std::size_t size) { return std::span{octets}.first(size); }

xfrm::SaSpec with(std::string_view cipher, std::size_t cipher_octets, std::string_view integrity,
                  std::size_t integrity_octets, std::uint32_t icv) {
  xfrm::SaSpec sa;
  sa.cipher = cipher;
  sa.cipher_key = key(cipher_octets);
  sa.integrity = integrity;
  sa.integrity_key = key(integrity_octets);
  sa.icv_bits = icv;
  return sa;
}

xfrm::SaSpec aead(std::string_view name, std::size_t octets_, std::uint32_t icv) {
  auto sa = with(name, octets_, {}, 0, icv);
  sa.aead = true;
  return sa;
}

std::string why(const xfrm::SaSpec& sa) {
  const auto result = xfrm::check_algorithms(sa);
  return result ? "accepted" : result.error().message();
}

TEST_CASE("the algorithms GETVPN groups use are accepted with their key sizes") {
  for (const std::size_t octets_ : {16u, 24u, 32u})
    CHECK(check_algorithms(with("cbc(aes)", octets_, "hmac(sha256)", 32, 128)));
  CHECK(check_algorithms(with("cbc(des3_ede)", 24, "hmac(sha1)", 20, 96)));
  CHECK(check_algorithms(with("ecb(cipher_null)", 0, "hmac(sha512)", 64, 256)));
  CHECK(check_algorithms(with("rfc3686(ctr(aes))", 20, "hmac(sha384)", 48, 192)));
  CHECK(check_algorithms(with("cbc(aes)", 16, "hmac(md5)", 16, 96)));
  for (const std::uint32_t icv : {64u, 96u, 128u}) {
    CHECK(check_algorithms(aead("rfc4106(gcm(aes))", 20, icv)));
    CHECK(check_algorithms(aead("rfc4309(ccm(aes))", 35, icv)));
  }
  CHECK(check_algorithms(aead("rfc4543(gcm(aes))", 36, 128)));
}

TEST_CASE("a key of another size is refused in words") {
  CHECK(why(with("cbc(aes)", 17, "hmac(sha256)", 32, 128)) == "cbc(aes): a key of 17 octets");
  CHECK(why(with("cbc(aes)", 16, "hmac(sha256)", 31, 128)) == "hmac(sha256): a key of 31 octets");
  CHECK(why(aead("rfc4106(gcm(aes))", 16, 128)) == "rfc4106(gcm(aes)): a key of 16 octets");
}

TEST_CASE("an ICV length the algorithm does not have is refused") {
  CHECK(why(with("cbc(aes)", 16, "hmac(sha1)", 20, 128)) ==
        "hmac(sha1): an integrity check value of 128 bits");
  CHECK(why(with("cbc(aes)", 16, "hmac(sha256)", 32, 0)) ==
        "hmac(sha256): an integrity check value of 0 bits");
  CHECK(why(aead("rfc4543(gcm(aes))", 20, 96)) ==
        "rfc4543(gcm(aes)): an integrity check value of 96 bits");
}

TEST_CASE("an unknown algorithm, or one of another kind, is refused") {
  CHECK(why(with("cbc(des)", 8, "hmac(sha1)", 20, 96)) == "cbc(des): unsupported algorithm");
  CHECK(why(with("cbc(aes)", 16, "sha256", 32, 128)) == "sha256: unsupported algorithm");
  CHECK(why(with("rfc4106(gcm(aes))", 20, "hmac(sha1)", 20, 96)) ==
        "rfc4106(gcm(aes)): unsupported algorithm");
  CHECK(why(aead("cbc(aes)", 16, 128)) == "cbc(aes): unsupported algorithm");
}

TEST_CASE("a cipher without integrity, and an AEAD with, are refused") {
  CHECK(why(with("cbc(aes)", 16, {}, 0, 0)) == "cbc(aes): without integrity");
  auto both = aead("rfc4106(gcm(aes))", 20, 128);
  both.integrity = "hmac(sha1)";
  CHECK(why(both) == "hmac(sha1): beside an AEAD algorithm");
}

}  // namespace

}  // namespace algorithms_test
