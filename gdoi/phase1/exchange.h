// SPDX-License-Identifier: GPL-2.0-or-later
// What Main Mode and Aggressive Mode (RFC 2409 section 5) have in common.
#pragma once

#include <cstdint>
#include <memory>

#include "gdoi/phase1/authenticator.h"
#include "gdoi/phase1/nat_traversal.h"
#include "gdoi/phase1/session.h"
#include "gdoi/wire/identification.h"

namespace gdoi {

// ExchangeConfig is what one run of phase 1 says about us.
struct ExchangeConfig {
  Phase1Sa sa;  // for Aggressive Mode, with one Diffie-Hellman group in all transforms
  Identification identity;
  bool initial_contact = false;           // tell the key server to forget what it knew of us
  std::vector<Bytes> vendor_ids;          // of message 1, besides those of what follows
  std::optional<PathEnds> nat_traversal;  // the ends, when a NAT between them is to be found
  bool fragments = false;                 // take, and make, IKE fragments
};

// The vendor ID of dead peer detection (RFC 3706 section 5.1).
[[nodiscard]] Bytes dead_peer_detection_vendor_id();

// Phase1Exchange is one run of either mode as initiator. Messages of the key server go in, ours and
// at last a session come out.
class Phase1Exchange {
 public:
  // Stage is how far it came: what is still awaited.
  enum class Stage : std::uint8_t { proposal, keys, proof };

  Phase1Exchange() = default;
  Phase1Exchange(const Phase1Exchange&) = delete;
  Phase1Exchange& operator=(const Phase1Exchange&) = delete;
  virtual ~Phase1Exchange() = default;

  struct Step {
    std::vector<Outgoing> send;      // what to send now
    bool duplicate = false;          // `send` is the stored reply to a message we had before
    std::optional<Session> session;  // phase 1 is established
  };
  [[nodiscard]] virtual ExchangeType type() const noexcept = 0;
  // receive takes one message of that type. After an error everything is as it was, but that proofs
  // which failed are counted.
  [[nodiscard]] virtual Result<Step> receive(const IsakmpMessage& message) = 0;
  // outstanding lists the messages that wait for an answer and are to be retransmitted.
  [[nodiscard]] virtual std::vector<Outgoing> outstanding() const = 0;
  // fragments tells whether the key server may answer in IKE fragments, as far as it said.
  [[nodiscard]] virtual bool fragments() const noexcept = 0;
  [[nodiscard]] virtual const Cookie& cookie() const noexcept = 0;
  [[nodiscard]] virtual Stage stage() const noexcept = 0;
};

// The parts that both modes are made of.
namespace phase1 {

[[nodiscard]] Cookie new_cookie(Random& random);
[[nodiscard]] IsakmpHeader header_of(const CookiePair& cookies, ExchangeType type);

// sa_body encodes our offer: SAi_b.
[[nodiscard]] Result<Bytes> sa_body(const Phase1Sa& sa);

// OurShare is what we bring to the key exchange. In Main Mode one serves all answers that choose
// its group, so a forged answer neither costs us a key pair nor makes the honest key server see
// two.
struct OurShare {
  DhGroup group;
  DiffieHellman key_pair;
  Bytes ni_b;
};
[[nodiscard]] Result<OurShare> make_share(DhGroup group, Random& random);

// read_clear reads an unencrypted message of the shape that `rules` tell.
[[nodiscard]] Result<Chain> read_clear(const IsakmpMessage& message,
                                       std::span<const PayloadRule> rules);

// agree takes the KE, nonce and CR payloads of the key server into what both now share.
[[nodiscard]] Result<KeyExchange> agree(const CookiePair& cookies, const Phase1Proposal& suite,
                                        Bytes sa_b, const OurShare& share, const Chain& message);

// vendor_ids_of lists all that message 1 announces.
[[nodiscard]] std::vector<Bytes> vendor_ids_of(const ExchangeConfig& config);

// PeerAbilities are what both we and the key server announced by vendor IDs.
struct PeerAbilities {
  NatDialect nat = NatDialect::none;
  bool fragments = false;
  friend bool operator==(const PeerAbilities&, const PeerAbilities&) = default;
};
// abilities_in says what message 2, whose shape is approved of, announced of what we announced.
[[nodiscard]] PeerAbilities abilities_in(const IsakmpMessage& message_2,
                                         const ExchangeConfig& config);

// put_nat_d appends our NAT-D payloads, when both sides look for NATs (RFC 3947 section 3.2).
void put_nat_d(Writer& out, const ExchangeConfig& config, const PeerAbilities& abilities,
               HashAlgorithm hash, const CookiePair& cookies);
// path_after is how messages travel once the key server sent its own in `message`.
[[nodiscard]] PathInfo path_after(const IsakmpMessage& message, const ExchangeConfig& config,
                                  const PeerAbilities& abilities, HashAlgorithm hash);

// put_initial_contact appends INITIAL-CONTACT (RFC 2407 section 4.6.3.3).
void put_initial_contact(Writer& out, const CookiePair& cookies);

// session_of is what is left of a phase 1 whose last ciphertext block was `last_block`.
[[nodiscard]] Session session_of(const KeyExchange& exchange, const Phase1Keys& keys,
                                 Bytes last_block, View peer_id_b, const PathInfo& path);

}  // namespace phase1
}  // namespace gdoi
