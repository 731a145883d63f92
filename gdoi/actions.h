// SPDX-License-Identifier: GPL-2.0-or-later
// What the protocol wants done, as data: the agent executes these in order, tests compare them.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "gdoi/base/ids.h"
#include "gdoi/base/registry.h"
#include "gdoi/base/result.h"
#include "gdoi/policy/policy.h"
#include "gdoi/push/rekey.h"

namespace gdoi {

// Send asks for one UDP datagram from our port `from_port`: 848, or 4500 when a NAT is on the way.
struct Send {
  Endpoint to;
  Bytes datagram;
  std::uint16_t from_port = gdoi_port;
};

// KeepAlive asks for the one octet that keeps the mapping of a NAT in front of us alive, from our
// port 4500 (RFC 3948 section 2.3). It needs no answer and gets none.
struct KeepAlive {
  Endpoint to;
};

// InstallToken names one request to install; 0 names none.
struct InstallToken {
  std::uint64_t value = 0;
  friend bool operator==(const InstallToken&, const InstallToken&) = default;
};

// InstallPolicy hands over a complete policy of the key server `from`. The agent must answer with
// GroupMember::installed() or install_failed() and this token, in any order with other answers.
struct InstallPolicy {
  Endpoint from;
  GroupPolicy policy;
  InstallToken token{};
};

// InstallRekey hands over what an authentic GROUPKEY-PUSH changes: its deletes first, then its
// policy. It is answered like an InstallPolicy; no acknowledgement is sent before.
struct InstallRekey {
  Endpoint from;
  Rekey rekey;
  InstallToken token{};
};

// ListenForRekeys is where else than at our GDOI port rekeys come in from now on: all the multicast
// groups that KEKs in force name. The agent joins them, and leaves those it had joined before.
struct ListenForRekeys {
  std::vector<Endpoint> groups;
};

// LocateKeyServers asks which key servers there are, and at which addresses, before each pass
// through them. The agent must answer with GroupMember::set_key_servers.
struct LocateKeyServers {};

// The rest are facts for the log and the status; none needs an answer.

// A registration attempt begins.
struct RegistrationStarted {
  Endpoint key_server;
  std::uint32_t attempt = 0;  // since start, counted from 1
};

// A registration was to begin, but there were too many of late: it begins later.
struct RegistrationPostponed {
  Endpoint key_server;
  milliseconds by{0};
};

// Phase 1 is authenticated. The numbers are RFC 2409 appendix A's.
struct Phase1Established {
  Endpoint key_server;
  std::uint16_t encryption = 0, key_bits = 0, hash = 0, group = 0;
  bool nat = false, behind_nat = false;  // a NAT is on the way; on our side of it
  // What the key server sent as vendor IDs, 32 of 64 octets at most. They were not authenticated.
  std::vector<Bytes> vendor_ids{};
};

// An attempt ended without a policy. `notification` is what the key server said, if it said
// something; unauthenticated ones are hints only, and marked.
struct RegistrationFailed {
  Endpoint key_server;
  Error why;
  std::optional<NotifyType> notification;
  bool notification_authentic = false;
  Endpoint next_key_server;
  milliseconds retry_in{0};
  bool silent = false;  // nothing at all came back from the key server
};

// A rekey that the key server signed cannot be done; a registration will tell what the group does.
struct RekeyRefused {
  Endpoint from;
  SequenceNumber sequence;
  Error why;
};

// A copy of the last rekey came. It was acknowledged again when the first was.
struct RekeyRepeated {
  Endpoint from;
  SequenceNumber sequence;
};

// The registration brought a KEK whose rekeys we cannot verify. Keys will come by registering.
struct KekUnusable {
  Error why;
};

// A datagram was dropped without effect. Strangers can cause these at will: count, never log each.
struct DatagramDropped {
  Endpoint from;
  Error why;
};

// An answer to what we asked the key server was ignored: it came from an address that is neither
// the one we asked nor one of MemberConfig::answer_from. A DatagramDropped follows. Whoever is on
// the path can cause these.
struct AnswerIgnored {
  Endpoint key_server;
  Endpoint from;
};

// A rekey came from the address of a key server, under a KEK that is not held. A DatagramDropped
// follows. Anybody can send these.
struct UnknownKekSeen {
  Endpoint from;
  RekeySpi spi;
};

using Action = std::variant<Send, KeepAlive, InstallPolicy, InstallRekey, ListenForRekeys,
                            LocateKeyServers, RegistrationStarted, RegistrationPostponed,
                            Phase1Established, RegistrationFailed, RekeyRefused, RekeyRepeated,
                            KekUnusable, DatagramDropped, AnswerIgnored, UnknownKekSeen>;
using Actions = std::vector<Action>;

}  // namespace gdoi
