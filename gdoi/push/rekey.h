// SPDX-License-Identifier: GPL-2.0-or-later
// GROUPKEY-PUSH (RFC 6407 section 4): from datagrams to rekeys.
#pragma once

#include <cstdint>
#include <variant>

#include "gdoi/push/acknowledgement.h"
#include "gdoi/push/contents.h"
#include "gdoi/push/header_variants.h"
#include "gdoi/push/rekey_sa.h"

namespace gdoi {

// Rekey is a PUSH that was accepted: signed by the key server, new, and consistent as a whole. Its
// deletes are to be done first.
struct Rekey {
  RekeySpi under;   // the KEK it came under
  Address sent_to;  // as that KEK's policy says: us, a multicast group, or nothing
  SequenceNumber sequence;
  SignedForm form;
  Deletes deletes;
  std::optional<GroupPolicy> policy;  // see PushContents
  bool replaces_list = false;
  bool new_kek = false;  // the KEK in `policy` is one that was not held before
  // The acknowledgement that was asked for, ready to be sent once the policy is in force; nullopt
  // beside a type: we cannot make that one.
  std::optional<AckType> acknowledgement_type;
  std::optional<Bytes> acknowledgement;
  std::uint16_t ignored_payloads = 0;
};

// RepeatedPush is an octet for octet copy of the last accepted PUSH: the key server did not hear of
// us. There is nothing to do but send the acknowledgement again, if there is one.
struct RepeatedPush {
  SequenceNumber sequence;
  std::optional<Bytes> acknowledgement;
};

// RefusedPush is signed by the key server, but we cannot do what it wants. Nothing of it is taken
// but its sequence number, so that a copy of it is not news again. What the group does from now on
// is to be learnt by registering.
struct RefusedPush {
  RekeySpi under;
  SequenceNumber sequence;
  Error why;
};

using PushOutcome = std::variant<Rekey, RepeatedPush, RefusedPush>;

// RekeyRole is Cisco's word for the age of a KEK.
enum class RekeyRole : std::uint8_t {
  previous,  // a newer one is in use; until that is proven by a PUSH, this one is accepted too
  current,
  next,  // announced, but nothing has come under it yet
};

// What `show` needs of a KEK; it has no secrets.
struct RekeySaStatus {
  RekeyRole role{};
  KekPolicy policy;
  SequenceNumber last_sequence;
  Instant expires;
};

// RekeySaTable holds the KEKs of one group and receives what comes under them.
//
// It is sans-IO. A datagram that fails any check up to its signature leaves no trace. A KEK is kept
// until a PUSH comes under a newer one, its lifetime ends, or it is deleted.
class RekeySaTable {
 public:
  struct Config {
    TekWithoutKey without_key = TekWithoutKey::reject;
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
  [[nodiscard]] Result<PushOutcome> receive(const IsakmpMessage& message, Instant now);

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

  // clear forgets everything.
  void clear() noexcept;

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
  [[nodiscard]] Result<Authentic> authenticate(std::size_t position, const IsakmpHeader& header,
                                               const Chain& chain) const;
  [[nodiscard]] Result<Plan> plan(const Authentic& push, Instant now) const;
  [[nodiscard]] Rekey commit(const Authentic& push, Plan plan, Bytes digest);
  void acknowledge(const RekeySa& under, Rekey& out) const;
  [[nodiscard]] bool repeats_last(const IsakmpMessage& message, const Bytes& digest) const;
  [[nodiscard]] Result<PushOutcome> repeat();
  void hold(RekeySa sa, const RekeySpi* keep);

  Config config_;
  Address member_;
  std::vector<RekeySa> sas_;           // from the oldest to the newest; SPIs are unique
  std::optional<AckType> ack_wanted_;  // by the most recently received SAK
  std::optional<Accepted> last_;
};

}  // namespace gdoi
