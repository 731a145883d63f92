// SPDX-License-Identifier: GPL-2.0-or-later
// What comes of a GROUPKEY-PUSH (RFC 6407 section 4).
#pragma once

#include <cstdint>
#include <variant>

#include "gdoi/push/contents.h"
#include "gdoi/push/header_variants.h"

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
  previous,  // a newer one is in use; until that is confirmed by a PUSH, this one is accepted too
  current,
  next,  // announced, but nothing has come under it yet
};

// What `show` needs of a KEK; it has no secrets.
struct RekeySaStatus {
  RekeyRole role{};
  KekPolicy policy;
  SequenceNumber last_sequence;
  Instant expires;
  Bytes signature_key{};             // the public key that signs rekeys, DER
  std::size_t signature_octets = 0;  // length of its signatures
};

}  // namespace gdoi
