// SPDX-License-Identifier: GPL-2.0-or-later
// What the scripted key server needs of OpenSSL, by the numbers of RFC 2409 appendix A.
#pragma once

#include <memory>

#include "tests/exchange/ks_octets.h"

namespace ks {

// Hash Algorithm numbers: 1 MD5, 2 SHA-1, 4 SHA2-256, 5 SHA2-384, 6 SHA2-512.
[[nodiscard]] Octets hash(unsigned algorithm, const Octets& data);
[[nodiscard]] Octets hmac(unsigned algorithm, const Octets& key, const Octets& data);

// Encryption Algorithm numbers: 5 3DES, 7 AES. CBC without any padding.
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
