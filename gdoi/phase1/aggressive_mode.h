// SPDX-License-Identifier: GPL-2.0-or-later
// Aggressive Mode as initiator (RFC 2409 section 5): three messages, and our identity in clear.
#pragma once

#include "gdoi/phase1/exchange.h"

namespace gdoi {

// AggressiveMode ends with message 2, which carries the key server's proof: a forged one does not
// verify and changes nothing, so no branches are needed. Message 3 is in the step that has the
// session; whether it arrived is for the owner to care about.
class AggressiveMode final : public Phase1Exchange {
 public:
  // start makes message 1: HDR, SA, KE, Ni, IDii [, CR]. All transforms of `config.sa` must have
  // one group. `authenticator` must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<AggressiveMode>> start(
      ExchangeConfig config, const Authenticator& authenticator, Random& random);

  [[nodiscard]] ExchangeType type() const noexcept override { return ExchangeType::aggressive; }
  [[nodiscard]] Result<Step> receive(const IsakmpMessage& message) override;
  [[nodiscard]] std::vector<Outgoing> outstanding() const override { return {{sent_, {}}}; }
  // Message 2 comes before we know what the key server announces, so our own announcement counts.
  [[nodiscard]] bool fragments() const noexcept override { return config_.fragments; }
  [[nodiscard]] const Cookie& cookie() const noexcept override { return cookie_; }
  [[nodiscard]] Stage stage() const noexcept override {
    return doubted_ ? Stage::proof : Stage::proposal;
  }

 private:
  AggressiveMode(ExchangeConfig config, const Authenticator& authenticator, const Cookie& cookie,
                 phase1::OurShare share, Bytes sa_b, Bytes id_b, Bytes sent)
      : config_{std::move(config)},
        authenticator_{&authenticator},
        cookie_{cookie},
        share_{std::move(share)},
        sa_b_{std::move(sa_b)},
        id_b_{std::move(id_b)},
        sent_{std::move(sent)} {}
  [[nodiscard]] std::vector<PayloadRule> message_2_rules() const;
  [[nodiscard]] Result<Sealed> message_3(const KeyExchange& exchange, const Phase1Keys& keys,
                                         const phase1::PeerAbilities& abilities) const;

  ExchangeConfig config_;
  const Authenticator* authenticator_;
  Cookie cookie_;
  phase1::OurShare share_;
  Bytes sa_b_, id_b_;
  Bytes sent_;            // message 1
  unsigned judged_ = 0;   // answers that cost us a Diffie-Hellman computation
  bool doubted_ = false;  // a proof did not verify
};

}  // namespace gdoi
