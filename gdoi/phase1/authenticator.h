// SPDX-License-Identifier: GPL-2.0-or-later
// How the two ends of phase 1 prove who they are.
#pragma once

#include <cstdint>

#include "gdoi/phase1/keys.h"
#include "gdoi/wire/identification.h"
#include "gdoi/wire/payload.h"
#include "gdoi/wire/shape.h"

namespace gdoi {

// Authenticator is the part of phase 1 in which the authentication methods of RFC 2409 section 5
// differ: the method's number, SKEYID, the payloads of the proof, and how the peer's are judged.
struct Authenticator {
  virtual ~Authenticator() = default;

  [[nodiscard]] virtual std::uint16_t method() const noexcept = 0;
  [[nodiscard]] virtual KeyMaterial skeyid(const KeyExchange& exchange) const = 0;

  // hash is what HASH_I and HASH_R are made with: the negotiated one, or the method's own.
  [[nodiscard]] virtual HashAlgorithm hash(const KeyExchange& exchange) const noexcept {
    return exchange.suite.hash;
  }

  // put_requests appends what we ask of the peer before it proves itself: CR payloads, or nothing.
  virtual void put_requests(Writer& out) const = 0;
  // put_proof appends what goes with our ID payload. `hash_i` is HASH_I.
  [[nodiscard]] virtual Result<void> put_proof(Writer& out, const KeyExchange& exchange,
                                               View hash_i) const = 0;

  // proof_shape says which payloads the peer's proof consists of, ID included.
  [[nodiscard]] virtual std::span<const PayloadRule> proof_shape() const noexcept = 0;
  // verify judges them. `message` has that shape; `hash_r` is what HASH_R must be. Fails as
  // untrusted when the proof is good and the one who gave it is not the one we look for.
  [[nodiscard]] virtual Result<void> verify(const Chain& message, const KeyExchange& exchange,
                                            View hash_r) const = 0;

  // checks_signatures tells whether verify costs more than a few hashes, so that it is not done as
  // often as somebody likes.
  [[nodiscard]] virtual bool checks_signatures() const noexcept { return false; }

  // question is what to ask the operator when the key server has no good answer to our proof.
  [[nodiscard]] virtual std::string_view failure_hint() const noexcept = 0;
};

// PreSharedKey is RFC 2409 section 5.4. The key is bound to the key server's address, so the
// identity that it tells only counts when `expected` lists some.
class PreSharedKey final : public Authenticator {
 public:
  // `key` must outlive the object.
  explicit PreSharedKey(const KeyMaterial& key, std::vector<Identification> expected = {}) noexcept
      : key_{key}, expected_{std::move(expected)} {}

  [[nodiscard]] std::uint16_t method() const noexcept override;
  [[nodiscard]] KeyMaterial skeyid(const KeyExchange& exchange) const override;
  void put_requests(Writer& out) const override;
  [[nodiscard]] Result<void> put_proof(Writer& out, const KeyExchange& exchange,
                                       View hash_i) const override;
  [[nodiscard]] std::span<const PayloadRule> proof_shape() const noexcept override;
  [[nodiscard]] Result<void> verify(const Chain& message, const KeyExchange& exchange,
                                    View hash_r) const override;
  [[nodiscard]] std::string_view failure_hint() const noexcept override;

 private:
  const KeyMaterial& key_;
  std::vector<Identification> expected_;
};

}  // namespace gdoi
