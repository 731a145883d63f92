// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/algorithms.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>

namespace xfrm {
namespace {

enum class Kind { cipher, integrity, aead };

struct Row {
  Kind kind;
  std::string_view name;
  std::array<std::size_t, 3> key_octets;  // those allowed, the salt of counter modes included
  std::array<std::uint32_t, 3> icv_bits;  // those allowed; all zero for a cipher
};

// Counter modes carry their salt behind the key: 4 octets (RFC 3686, 4106, 4543), 3 for CCM (RFC
// 4309). ICV lengths: RFC 2404, 3566, 4494, 4868; 96 bits of SHA-256 are a draft's, still met.
constexpr std::array table{
    Row{Kind::cipher, "cbc(aes)", {16, 24, 32}, {}},
    Row{Kind::cipher, "cbc(des3_ede)", {24, 24, 24}, {}},
    Row{Kind::cipher, "cbc(camellia)", {16, 24, 32}, {}},
    Row{Kind::cipher, "rfc3686(ctr(aes))", {20, 28, 36}, {}},
    Row{Kind::cipher, "ecb(cipher_null)", {0, 0, 0}, {}},
    Row{Kind::integrity, "hmac(md5)", {16, 16, 16}, {96, 96, 96}},
    Row{Kind::integrity, "hmac(sha1)", {20, 20, 20}, {96, 96, 96}},
    Row{Kind::integrity, "hmac(sha256)", {32, 32, 32}, {128, 96, 128}},
    Row{Kind::integrity, "hmac(sha384)", {48, 48, 48}, {192, 192, 192}},
    Row{Kind::integrity, "hmac(sha512)", {64, 64, 64}, {256, 256, 256}},
    Row{Kind::integrity, "xcbc(aes)", {16, 16, 16}, {96, 96, 96}},
    Row{Kind::integrity, "cmac(aes)", {16, 16, 16}, {96, 96, 96}},
    Row{Kind::aead, "rfc4106(gcm(aes))", {20, 28, 36}, {64, 96, 128}},
    Row{Kind::aead, "rfc4309(ccm(aes))", {19, 27, 35}, {64, 96, 128}},
    Row{Kind::aead, "rfc4543(gcm(aes))", {20, 28, 36}, {128, 128, 128}},
};

template <class Values, class Value>
bool contains(const Values& values, Value value) {
  return std::find(values.begin(), values.end(), value) != values.end();
}

const Row* find_row(Kind kind, std::string_view name) {
  const auto row = std::find_if(table.begin(), table.end(), [&](const Row& candidate) {
    return candidate.kind == kind && candidate.name == name;
  });
  return row == table.end() ? nullptr : &*row;
}

Result<const Row*> known(Kind kind, std::string_view name, std::size_t key_octets) {
  const Row* row = find_row(kind, name);
  if (row == nullptr) return fail(ENOSYS, std::string{name}, "unsupported algorithm");
  if (!contains(row->key_octets, key_octets))
    return fail(EINVAL, std::string{name}, "a key of " + std::to_string(key_octets) + " octets");
  return row;
}

Result<void> check_icv(const Row& row, std::uint32_t bits) {
  if (contains(row.icv_bits, bits)) return {};
  return fail(EINVAL, std::string{row.name},
              "an integrity check value of " + std::to_string(bits) + " bits");
}

}  // namespace

Result<void> check_algorithms(const SaSpec& sa) {
  const auto cipher = known(sa.aead ? Kind::aead : Kind::cipher, sa.cipher, sa.cipher_key.size());
  if (!cipher) return tl::unexpected{cipher.error()};
  if (sa.aead && !sa.integrity.empty())
    return fail(EINVAL, std::string{sa.integrity}, "beside an AEAD algorithm");
  if (sa.aead) return check_icv(**cipher, sa.icv_bits);

  if (sa.integrity.empty()) return fail(EINVAL, std::string{sa.cipher}, "without integrity");
  const auto integrity = known(Kind::integrity, sa.integrity, sa.integrity_key.size());
  if (!integrity) return tl::unexpected{integrity.error()};
  return check_icv(**integrity, sa.icv_bits);
}

}  // namespace xfrm
