// SPDX-License-Identifier: GPL-2.0-or-later
// What the scripted key server needs of OpenSSL, by the numbers of RFC 2409 appendix A.
#pragma once

#include <memory>

#include "tests/support/ks/octets.h"

namespace ks {

// Octets as OpenSSL wants them.
[[nodiscard]] inline const unsigned char* in(const Octets& octets) {
  return reinterpret_cast<const unsigned char*>(octets.data());
}
[[nodiscard]] inline unsigned char* into(Octets& octets) {
  return reinterpret_cast<unsigned char*>(octets.data());
}
[[nodiscard]] inline Octets octets_from(const unsigned char* at, int size) {
  const auto* const begin = reinterpret_cast<const std::byte*>(at);
  return {begin, begin + size};
}

// Hash Algorithm numbers.
enum : unsigned { md5 = 1, sha1 = 2, sha256 = 4, sha384 = 5, sha512 = 6 };
// Encryption Algorithm numbers.
enum : unsigned { triple_des_cbc = 5, aes_cbc = 7 };

[[nodiscard]] Octets hash(unsigned algorithm, const Octets& data);
[[nodiscard]] Octets hmac(unsigned algorithm, const Octets& key, const Octets& data);

// CBC without any padding; the length of the key tells which AES.
[[nodiscard]] std::size_t block(unsigned algorithm);
[[nodiscard]] Octets encipher(unsigned algorithm, const Octets& key, const Octets& iv,
                              const Octets& data);
[[nodiscard]] Octets decipher(unsigned algorithm, const Octets& key, const Octets& iv,
                              const Octets& data);

// One side of a Diffie-Hellman exchange, by Group Description number.
class Dh {
 public:
  explicit Dh(unsigned group);
  ~Dh();
  [[nodiscard]] const Octets& open() const noexcept { return open_; }
  [[nodiscard]] Octets shared(const Octets& theirs) const;

 private:
  struct Numbers;
  std::unique_ptr<Numbers> numbers_;
  Octets open_;
};

}  // namespace ks
