// SPDX-License-Identifier: GPL-2.0-or-later
// What a group member shows of itself.
#pragma once

#include <cstdint>

#include "gdoi/push/rekey.h"

namespace gdoi {

// What came by GROUPKEY-PUSH. Copies of the last one count for nothing but `repeated`.
struct RekeyStatus {
  std::uint64_t unicast = 0, multicast = 0, since_registration = 0;
  std::uint64_t refused = 0, repeated = 0, acknowledgements_sent = 0;
  std::optional<Endpoint> last_from;
  SequenceNumber last_sequence;
  std::optional<Instant> last_at;
  std::uint64_t keks_taken = 0;  // KEKs that were ever held
};

// What `show` needs of the protocol. Counters run since start.
struct MemberStatus {
  enum class State : std::uint8_t { idle, registering, registered, waiting };
  State state = State::idle;
  std::optional<Endpoint> registered_with;     // the key server whose policy is in force
  std::optional<Endpoint> current_key_server;  // the one being asked
  std::uint64_t registrations_attempted = 0, registrations_succeeded = 0;
  std::optional<Instant> reregister_at, retry_at;
  std::optional<Error> last_failure;
  std::optional<Endpoint> keep_alive_to;  // the NAT binding towards there is kept alive
  std::uint64_t datagrams_dropped = 0;
  RekeyStatus rekeys;
};

}  // namespace gdoi
