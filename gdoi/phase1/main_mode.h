// SPDX-License-Identifier: GPL-2.0-or-later
// Main Mode as initiator (RFC 2409 section 5): from a pre-shared key to a Session.
#pragma once

#include <memory>

#include "gdoi/phase1/authenticator.h"
#include "gdoi/phase1/nat_traversal.h"
#include "gdoi/phase1/session.h"
#include "gdoi/wire/identification.h"

namespace gdoi {

// MainModeConfig is what one run of Main Mode says about us.
struct MainModeConfig {
  Phase1Sa sa;
  Identification identity;
  bool initial_contact = false;           // tell the key server to forget what it knew of us
  std::vector<Bytes> vendor_ids;          // of message 1, besides those of what follows
  std::optional<PathEnds> nat_traversal;  // the ends, when a NAT between them is to be found
  bool fragments = false;                 // take, and make, IKE fragments
};

// The vendor ID of dead peer detection (RFC 3706 section 5.1).
[[nodiscard]] Bytes dead_peer_detection_vendor_id();

// The states of Main Mode and the steps between them, each a function of the state, the message and
// nothing hidden. A state holds what is known in it, and the message that waits for its answer.
namespace main_mode {

// PeerAbilities are what both we and the key server announced by vendor IDs.
struct PeerAbilities {
  NatDialect nat = NatDialect::none;
  bool fragments = false;
  friend bool operator==(const PeerAbilities&, const PeerAbilities&) = default;
};

// Message 1 is out: HDR, SA
struct AwaitingAnswer {
  Cookie cookie;
  Phase1Sa offered;
  Bytes sa_b;
  Bytes sent;
};
[[nodiscard]] Result<AwaitingAnswer> propose(const MainModeConfig& config, const Cookie& cookie);

// OurShare is what we bring to the key exchange. One serves all answers that choose its group, so a
// forged answer neither costs us a key pair nor makes the honest key server see two.
struct OurShare {
  DhGroup group;
  DiffieHellman key_pair;
  Bytes ni_b;
};
[[nodiscard]] Result<OurShare> make_share(DhGroup group, Random& random);

// Message 3 is out: HDR, KE, Ni
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
// abilities_in says what message 2, which answer_in approved of, announced of what we announced.
[[nodiscard]] PeerAbilities abilities_in(const IsakmpMessage& message_2,
                                         const MainModeConfig& config);
[[nodiscard]] Result<AwaitingKeys> on(const AwaitingAnswer& state, const CookiePair& cookies,
                                      const Phase1Proposal& suite,
                                      std::shared_ptr<const OurShare> share,
                                      const PeerAbilities& abilities, const MainModeConfig& config);
// `nat_d` are the bodies of NAT-D payloads of the type `nat_d_type`.
[[nodiscard]] Result<Bytes> message_3(const CookiePair& cookies, View g_xi, View ni_b,
                                      std::span<const Bytes> nat_d = {},
                                      PayloadType nat_d_type = PayloadType::nat_d);

// Message 5 is out: HDR*, IDii, HASH_I
struct AwaitingProof {
  KeyExchange exchange;
  Phase1Keys keys;
  Bytes iv;  // of message 6
  Outgoing sent;
};
[[nodiscard]] Result<AwaitingProof> on(const AwaitingKeys& state, const IsakmpMessage& message_4,
                                       const MainModeConfig& config,
                                       const Authenticator& authenticator);
[[nodiscard]] Result<AwaitingProof> prove(KeyExchange exchange, const MainModeConfig& config,
                                          const Authenticator& authenticator,
                                          const Conveyance& conveyance = {});

[[nodiscard]] Result<Session> on(const AwaitingProof& state, const IsakmpMessage& message_6,
                                 const Authenticator& authenticator);

}  // namespace main_mode

// MainMode runs the states. Messages 2 and 4 prove nothing about who sent them, so a forged one
// that comes first must not shut out the honest one: each different answer opens a branch of its
// own, up to a limit, until a message 6 authenticates one of them.
class MainMode {
 public:
  enum class Stage : std::uint8_t { proposal, keys, proof };

  // start makes message 1. `random` and `authenticator` must outlive the object.
  [[nodiscard]] static Result<MainMode> start(MainModeConfig config,
                                              const Authenticator& authenticator, Random& random);

  struct Step {
    std::vector<Outgoing> send;      // the next message of each branch, unless there is a session
    bool duplicate = false;          // `send` is the stored reply to a message we had before
    std::optional<Session> session;  // phase 1 is established
  };
  // receive takes one message of exchange type 2. After an error everything is as it was.
  [[nodiscard]] Result<Step> receive(const IsakmpMessage& message);

  // outstanding lists the messages that wait for an answer and are to be retransmitted.
  [[nodiscard]] std::vector<Outgoing> outstanding() const;

  // fragments tells whether the key server may answer in IKE fragments, as far as it said.
  [[nodiscard]] bool fragments() const noexcept;

  [[nodiscard]] const Cookie& cookie() const noexcept { return first_.cookie; }
  [[nodiscard]] Stage stage() const noexcept;

 private:
  template <class State>
  struct Branch {
    State state;
    Bytes cause;             // digest of the message that led here
    bool continued = false;  // another branch begins where this one ended
    unsigned repeats = 0;    // how often the stored reply was sent
  };

  MainMode(MainModeConfig config, const Authenticator& authenticator, Random& random,
           main_mode::AwaitingAnswer first)
      : config_{std::move(config)},
        authenticator_{&authenticator},
        random_{&random},
        first_{std::move(first)} {}
  [[nodiscard]] std::optional<Result<Step>> on_copy(const Bytes& cause);
  [[nodiscard]] Result<Step> on_message_2(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_message_4(const IsakmpMessage& message);
  [[nodiscard]] Result<Step> on_message_6(const IsakmpMessage& message) const;
  [[nodiscard]] Result<std::shared_ptr<const main_mode::OurShare>> share_for(DhGroup group);

  MainModeConfig config_;
  const Authenticator* authenticator_;
  Random* random_;
  main_mode::AwaitingAnswer first_;
  std::vector<std::shared_ptr<const main_mode::OurShare>> shares_;  // one for a group
  std::vector<Branch<main_mode::AwaitingKeys>> keys_;
  std::vector<Branch<main_mode::AwaitingProof>> proofs_;
};

}  // namespace gdoi
