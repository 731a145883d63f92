// SPDX-License-Identifier: GPL-2.0-or-later
// RekeySaTable: GROUPKEY-PUSH (RFC 6407 section 4), from messages to rekeys.
#pragma once

#include <cstdint>
#include <vector>

#include "gdoi/push/acknowledgement.h"
#include "gdoi/push/rekey.h"
#include "gdoi/push/rekey_sa.h"

namespace gdoi {

// RekeySaTable holds the KEKs of one group and receives what comes under them.
//
// It is sans-IO. A datagram that fails any check up to its signature leaves no trace but what the
// check cost (SignatureBudget). A KEK is kept
// until a PUSH comes under a newer one, its lifetime ends, or it is deleted.
class RekeySaTable {
 public:
  struct Config {
    SatRules sat_rules;
    AckKeyLength ack_key_length = AckKeyLength::block;
  };
  // Three KEKs are held at most, as many as there are roles.
  static constexpr std::size_t max_keks = 3;

  RekeySaTable() = default;
  explicit RekeySaTable(const Config& config) : config_{config} {}

  // adopt takes the KEK of a registration made from `member`, which acknowledgements name. A new
  // one becomes the current one; of one held already the higher sequence number stays. Fails, and
  // changes nothing, when its signatures are none that we verify.
  [[nodiscard]] Result<void> adopt(const Kek& kek, const Address& member, Instant now);

  // receive judges a message. An error is about something that anybody could have sent.
  [[nodiscard]] Result<PushOutcome> receive(const IsakmpMessage& message, PushSender sender,
                                            Instant now);

  // knows tells whether a PUSH with this cookie pair may be for us: under a KEK that is held, or a
  // copy of the last one.
  [[nodiscard]] bool knows(const RekeySpi& spi) const noexcept;

  // installed says that all of the last Rekey is in force. Before, a copy of its PUSH finds no
  // acknowledgement.
  void installed() noexcept;

  // expire forgets the KEKs whose lifetime is over, and wipes them.
  void expire(Instant now);
  // ends is when the newest KEK's lifetime is over: from then on no rekey can be read.
  [[nodiscard]] std::optional<Instant> ends() const;
  [[nodiscard]] bool empty() const noexcept { return sas_.empty(); }

  // status lists the KEKs from the oldest to the newest.
  [[nodiscard]] std::vector<RekeySaStatus> status() const;
  // taken counts the KEKs that were ever held; clear does not change it.
  [[nodiscard]] std::uint64_t taken() const noexcept { return taken_; }

  // clear forgets everything but the sequence numbers.
  void clear();

  // sequences lists what is remembered of KEKs that live, held or not. remember adds to it.
  [[nodiscard]] std::vector<KnownSequence> sequences(Instant now) const;
  void remember(const std::vector<KnownSequence>& sequences);
  // Of so many KEKs the numbers are remembered, those that live longest.
  static constexpr std::size_t max_remembered = 32;

 private:
  // The last PUSH that was accepted, to know its copies by. The KEK may be gone by then.
  struct Accepted {
    RekeySpi under;
    SequenceNumber sequence;
    Bytes digest;
    std::optional<Bytes> acknowledgement;
    bool installed = false;
    unsigned repeats = 0;
  };
  // What verification tells of a PUSH that is authentic and new.
  struct Authentic {
    std::size_t position;  // in sas_, of the KEK it came under
    PushFrame frame;
    SignedForm form;
  };
  struct Plan {
    PushContents contents;
    std::optional<RekeySa> kek;  // the one to hold from now on
    bool new_kek = false;
  };

  [[nodiscard]] Result<std::size_t> find(const RekeySpi& spi, Instant now) const;
  [[nodiscard]] Result<Authentic> authenticate(RekeySa& sa, const IsakmpHeader& header,
                                               const Chain& chain, PushSender sender,
                                               Instant now) const;
  [[nodiscard]] static Result<SignedForm> verify(RekeySa& sa, const SignedOctets& octets,
                                                 PushSender sender, Instant now);
  [[nodiscard]] Result<Plan> plan(const Authentic& push, Instant now) const;
  [[nodiscard]] Rekey commit(const Authentic& push, Plan plan, Bytes digest);
  void acknowledge(const RekeySa& under, Rekey& out) const;
  [[nodiscard]] bool repeats_last(const IsakmpMessage& message, const Bytes& digest) const;
  [[nodiscard]] Result<PushOutcome> repeat();
  void hold(RekeySa sa, const RekeySpi* keep);
  [[nodiscard]] const KnownSequence* remembered(const RekeySa& sa) const;
  void remember_held();

  Config config_;
  Address member_;
  std::uint64_t taken_ = 0;
  std::vector<RekeySa> sas_;           // from the oldest to the newest; SPIs are unique
  std::optional<AckType> ack_wanted_;  // by the most recently received SAK
  std::optional<Accepted> last_;
  std::vector<KnownSequence> remembered_;  // of KEKs that are not held any more
};

}  // namespace gdoi
