// SPDX-License-Identifier: GPL-2.0-or-later
// Diffie-Hellman groups of phase 1: MODP (RFC 2409 section 6, RFC 3526) and ECP (RFC 5903).
#pragma once

#include <cstdint>
#include <memory>

#include "gdoi/base/result.h"
#include "gdoi/base/secret.h"
#include "gdoi/crypto/random.h"

namespace gdoi {

// DhGroup is the Group Description attribute's value (RFC 2409 appendix A).
enum class DhGroup : std::uint16_t {
  modp1024 = 2,
  modp1536 = 5,
  modp2048 = 14,
  modp3072 = 15,
  modp4096 = 16,
  ecp256 = 19,
  ecp384 = 20,
  ecp521 = 21,
};

// public_size is the length of a KE body: the prime's length, or x | y without the 0x04 octet.
[[nodiscard]] std::size_t public_size(DhGroup group) noexcept;

// DiffieHellman is one key pair: made once, used for one exchange, wiped.
class DiffieHellman {
 public:
  // generate draws the private value from `random`, so a fixed source repeats an exchange.
  [[nodiscard]] static Result<DiffieHellman> generate(DhGroup group, Random& random);

  // The wire form of our public value, left-padded (RFC 2409 section 5; RFC 5903 section 7).
  [[nodiscard]] View public_value() const noexcept { return public_; }

  // shared_secret computes g^xy, left-padded to the prime's (field's) length; for ECP the x
  // coordinate only. Refuses values that are out of range, of small order, or not on the curve.
  [[nodiscard]] Result<KeyMaterial> shared_secret(View peer_public) const;

 private:
  DiffieHellman(DhGroup group, KeyMaterial secret, Bytes open)
      : group_{group}, private_{std::move(secret)}, public_{std::move(open)} {}
  DhGroup group_;
  KeyMaterial private_;
  Bytes public_;
};

}  // namespace gdoi
