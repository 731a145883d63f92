// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/crypto/cipher.h"

#include <array>
#include <cassert>
#include <climits>

#include "gdoi/base/secret.h"
#include "gdoi/crypto/openssl.h"

namespace gdoi {
namespace {

using openssl::must;
using openssl::octets;

enum class Direction : int { decrypting = 0, encrypting = 1 };

const EVP_CIPHER* method(CipherAlgorithm cipher, std::size_t key_size) noexcept {
  switch (cipher) {
    case CipherAlgorithm::des_cbc:  // see start()
    case CipherAlgorithm::triple_des_cbc:
      return EVP_des_ede3_cbc();
    case CipherAlgorithm::aes_cbc:
      return key_size == 16 ? EVP_aes_128_cbc()
                            : (key_size == 24 ? EVP_aes_192_cbc() : EVP_aes_256_cbc());
  }
  std::abort();
}

// DES sits in OpenSSL's legacy provider, which need not be there. Triple DES is the same function
// when its three keys are one: E(k, D(k, E(k, x))) = E(k, x).
KeyMaterial expanded(CipherAlgorithm cipher, View key) {
  if (cipher != CipherAlgorithm::des_cbc) return KeyMaterial::copy_of(key);
  KeyMaterial thrice{3 * key.size()};
  for (std::size_t i = 0; i < 3; ++i)
    std::copy(key.begin(), key.end(), thrice.writable().subspan(i * key.size()).begin());
  return thrice;
}

openssl::CipherContext start(CipherAlgorithm cipher, View key, View iv, Direction direction) {
  assert(valid_key_size(cipher, key.size()) && iv.size() == block_size(cipher));
  const KeyMaterial schedule = expanded(cipher, key);
  openssl::CipherContext context{EVP_CIPHER_CTX_new()};
  must(context != nullptr);
  must(EVP_CipherInit_ex2(context.get(), method(cipher, key.size()), octets(schedule.view()),
                          octets(iv), static_cast<int>(direction), nullptr) == 1);
  must(EVP_CIPHER_CTX_set_padding(context.get(), 0) == 1);
  return context;
}

std::size_t update(EVP_CIPHER_CTX* context, std::span<std::byte> out, View in) {
  assert(in.size() <= INT_MAX && in.size() <= out.size());
  if (in.empty()) return 0;
  int written = 0;
  must(EVP_CipherUpdate(context, octets(out), &written, octets(in), static_cast<int>(in.size())) ==
       1);
  return static_cast<std::size_t>(written);
}

}  // namespace

std::size_t block_size(CipherAlgorithm cipher) noexcept {
  switch (cipher) {
    case CipherAlgorithm::des_cbc:
    case CipherAlgorithm::triple_des_cbc:
      return 8;
    case CipherAlgorithm::aes_cbc:
      return 16;
  }
  std::abort();
}

bool valid_key_size(CipherAlgorithm cipher, std::size_t octet_count) noexcept {
  switch (cipher) {
    case CipherAlgorithm::des_cbc:
      return octet_count == 8;
    case CipherAlgorithm::triple_des_cbc:
      return octet_count == 24;
    case CipherAlgorithm::aes_cbc:
      return octet_count == 16 || octet_count == 24 || octet_count == 32;
  }
  std::abort();
}

Bytes encrypt(CipherAlgorithm cipher, View key, View iv, View plain) {
  const std::size_t block = block_size(cipher);
  const std::size_t whole = plain.size() - plain.size() % block;
  const auto context = start(cipher, key, iv, Direction::encrypting);

  Bytes out((plain.size() + block - 1) / block * block);
  must(update(context.get(), out, plain.first(whole)) == whole);
  if (whole == plain.size()) return out;

  KeyMaterial last{block};  // zeros behind the rest; wiped, since it may hold a piece of a key
  std::copy(plain.begin() + static_cast<std::ptrdiff_t>(whole), plain.end(),
            last.writable().begin());
  must(update(context.get(), std::span{out}.subspan(whole), last.view()) == block);
  return out;
}

Result<Bytes> decrypt(CipherAlgorithm cipher, View key, View iv, View wire) {
  if (wire.empty() || wire.size() % block_size(cipher) != 0)
    return fail(Errc::malformed, "ciphertext is not whole blocks",
                static_cast<std::uint32_t>(wire.size()));
  const auto context = start(cipher, key, iv, Direction::decrypting);
  Bytes out(wire.size());
  must(update(context.get(), out, wire) == wire.size());
  return out;
}

}  // namespace gdoi
