// SPDX-License-Identifier: GPL-2.0-or-later
// Main Mode as initiator (RFC 2409 section 5): from an Authenticator to a Session.
#pragma once

#include "gdoi/phase1/envelope.h"
#include "gdoi/phase1/exchange.h"

namespace gdoi {

// The states of Main Mode and the steps between them, each a function of the state, the message and
// nothing hidden. A state holds what is known in it, and the message that waits for its answer.
namespace main_mode {

using phase1::OurShare;
using phase1::PeerAbilities;

// Message 1 is out: HDR, SA
struct AwaitingAnswer {
  Cookie cookie;
  Phase1Sa offered;
  Bytes sa_b;
  Bytes sent;
};
[[nodiscard]] Result<AwaitingAnswer> propose(const ExchangeConfig& config, const Cookie& cookie);

// Message 3 is out: HDR, KE, Ni [, CR] [, NAT-D]
struct AwaitingKeys {
  CookiePair cookies;
  Phase1Proposal suite;
  Bytes sa_b;
  std::shared_ptr<const OurShare> share;
  PeerAbilities abilities;
  Outgoing sent;
};
// answer_in says what message 2 chose.
[[nodiscard]] Result<Phase1Proposal> answer_in(const AwaitingAnswer& state,
                                               const IsakmpMessage& message_2);
[[nodiscard]] Result<AwaitingKeys> on(const AwaitingAnswer& state, const CookiePair& cookies,
                                      const Phase1Proposal& suite,
                                      std::shared_ptr<const OurShare> share,
                                      const PeerAbilities& abilities, const ExchangeConfig& config,
                                      const Authenticator& authenticator);
[[nodiscard]] Result<Bytes> message_3(const CookiePair& cookies, const Phase1Proposal& suite,
                                      const PeerAbilities& abilities, const ExchangeConfig& config,
                                      const Authenticator& authenticator, View g_xi, View ni_b);

// Message 5 is out: HDR*, IDii, and HASH_I or [CERT,] SIG_I
struct AwaitingProof {
  KeyExchange exchange;
  Phase1Keys keys;
  Bytes iv;  // of message 6
  Outgoing sent;
};
[[nodiscard]] Result<AwaitingProof> on(const AwaitingKeys& state, const IsakmpMessage& message_4,
                                       const ExchangeConfig& config,
                                       const Authenticator& authenticator);
[[nodiscard]] Result<AwaitingProof> prove(KeyExchange exchange, const ExchangeConfig& config,
                                          const Authenticator& authenticator,
                                          const PathInfo& path = {});

// proof_in decrypts message 6 and checks its shape; on judges the proof in it, which with
// certificates costs signature checks.
[[nodiscard]] Result<Opened> proof_in(const AwaitingProof& state, const IsakmpMessage& message_6,
                                      const Authenticator& authenticator);
[[nodiscard]] Result<Session> on(const AwaitingProof& state, Opened proof,
                                 const Authenticator& authenticator);

}  // namespace main_mode

// MainMode runs the states. Messages 2 and 4 prove nothing about who sent them, so a forged one
// that comes first must not shut out the honest one: each different answer opens a branch of its
// own, up to a limit, until a message 6 authenticates one of them. Whoever forged message 4 knows
// the keys of its branch, and could have us check signatures without end under certificates of its
// own: so a branch judges a few different messages 6, and none twice. What the branch of the honest
// key server may judge is used up only by who bends its message 6 on the way, and could drop it.
class MainMode final : public Phase1Exchange {
 public:
  // start makes message 1. `random` and `authenticator` must outlive the object.
  [[nodiscard]] static Result<std::unique_ptr<MainMode>> start(ExchangeConfig config,
                                                               const Authenticator& authenticator,
                                                               Random& random);

  [[nodiscard]] ExchangeType type() const noexcept override {
    return ExchangeType::identity_protection;
  }
  // receive answers each message with the next one of each branch, until there is a session.
  [[nodiscard]] Result<Step> receive(const IsakmpMessage& message) override;
  [[nodiscard]] std::vector<Outgoing> outstanding() const override;
  [[nodiscard]] bool fragments() const noexcept override;
  [[nodiscard]] const Cookie& cookie() const noexcept override { return first_.cookie; }
  [[nodiscard]] Stage stage() const noexcept override;

 private:
  template <class State>
  struct Branch {
    State state;
    Bytes cause;             // digest of the message that led here
    bool continued = false;  // another branch begins where this one ended
    unsigned repeats = 0;    // how often the stored reply was sent
  };
  // A message 6 that proved nothing, and why.
  struct FailedProof {
    Bytes digest;
    Error why;
  };
  struct ProofBranch : Branch<main_mode::AwaitingProof> {
    std::vector<FailedProof> failed;
  };

  MainMode(ExchangeConfig config, const Authenticator& authenticator, Random& random,
           main_mode::AwaitingAnswer first)
      : config_{std::move(config)},
        authenticator_{&authenticator},
        random_{&random},
        first_{std::move(first)} {}
  [[nodiscard]] std::optional<Result<Step>> on_copy(const Bytes& cause);
  [[nodiscard]] Result<Step> on_message_2(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_message_4(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_message_6(const IsakmpMessage& message, const Bytes& digest);
  [[nodiscard]] Result<Session> judge(ProofBranch& branch, const IsakmpMessage& message,
                                      const Bytes& digest) const;
  [[nodiscard]] Result<std::shared_ptr<const main_mode::OurShare>> share_for(DhGroup group);

  ExchangeConfig config_;
  const Authenticator* authenticator_;
  Random* random_;
  main_mode::AwaitingAnswer first_;
  std::vector<std::shared_ptr<const main_mode::OurShare>> shares_;  // one for a group
  std::vector<Branch<main_mode::AwaitingKeys>> keys_;
  std::vector<ProofBranch> proofs_;
};

}  // namespace gdoi
