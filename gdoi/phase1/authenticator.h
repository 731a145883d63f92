// SPDX-License-Identifier: GPL-2.0-or-later
// How the two ends of phase 1 prove who they are.
#pragma once

#include "gdoi/phase1/keys.h"
#include "gdoi/wire/payload.h"
#include "gdoi/wire/shape.h"

namespace gdoi {

// Authenticator is the part of phase 1 in which the authentication methods of RFC 2409 section 5
// differ: the method's number, SKEYID, the payloads of the proof, and how the peer's are judged.
struct Authenticator {
  virtual ~Authenticator() = default;

  [[nodiscard]] virtual std::uint16_t method() const noexcept = 0;
  [[nodiscard]] virtual KeyMaterial skeyid(const KeyExchange& exchange) const = 0;

  // put_proof appends what follows our ID payload. `hash_i` is HASH_I.
  virtual void put_proof(Writer& out, View hash_i) const = 0;

  // proof_shape says which payloads the peer's message carries, ID included.
  [[nodiscard]] virtual std::span<const PayloadRule> proof_shape() const noexcept = 0;
  // verify judges them. `message` has that shape; `hash_r` is what HASH_R must be.
  [[nodiscard]] virtual Result<void> verify(const Chain& message, View hash_r) const = 0;
};

// PreSharedKey is RFC 2409 section 5.4. The key server's identity is taken as it tells it: the key
// is bound to its address, so nobody else at that address can know it.
class PreSharedKey final : public Authenticator {
 public:
  // `key` must outlive the object.
  explicit PreSharedKey(const KeyMaterial& key) noexcept : key_{key} {}

  [[nodiscard]] std::uint16_t method() const noexcept override;
  [[nodiscard]] KeyMaterial skeyid(const KeyExchange& exchange) const override;
  void put_proof(Writer& out, View hash_i) const override;
  [[nodiscard]] std::span<const PayloadRule> proof_shape() const noexcept override;
  [[nodiscard]] Result<void> verify(const Chain& message, View hash_r) const override;

 private:
  const KeyMaterial& key_;
};

}  // namespace gdoi
