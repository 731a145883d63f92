// SPDX-License-Identifier: GPL-2.0-or-later
// What getvpnctl asks for: the state of the group as JSON, never with a secret in it.
//
// Schema 1. Members are only added under one number; removing or changing one makes schema 2.
// Durations are whole seconds from now. null stands for "there is none".
//
//   schema            1
//   version           of the daemon
//   state             "waiting for a route" | "idle" | "registering" | "registered" | "waiting"
//   group             { name, identity }
//   key_servers       [ { address, port } ], in order of preference
//   interfaces        [ name ], where the list is enforced
//   local             { address, port } | null
//   registration      { registered_with: { address, port } | null, current_key_server: likewise,
//                       attempted, succeeded, reregister_in | null, retry_in | null,
//                       last_failure: text | null, datagrams_dropped }
//   rekeys            { received, unicast, multicast, since_registration, repeated, refused,
//                       acknowledgements_sent, last_from: { address, port } | null, last_sequence,
//                       last_ago | null }
//   vrf               { front: text | null, inside: text | null }, as in GroupOptions
//   direction         "both" | "receive only": what is done with the list's traffic
//   fail_close        { configured, revert, in_force }
//   allowable         { rekey_cipher, rekey_hash, transform }: which algorithms are accepted, as
//   text sender_ids        { bits, values: [ number ] } | null: allotted by the key server for
//   counter
//                     modes
//   local_acl         [ { action: "deny", match } ], before the downloaded list
//   acl               [ { action: "permit" | "deny", match: text as in a Cisco access-list,
//                         spi: text | null, never_matches } ]
//                     never_matches: earlier lines match all its traffic
//   kek               { spi, transport: "unicast" | "multicast", remaining, cipher, key_bits,
//                       signature, signature_hash | null, signature_key_bits,
//                       role: "previous" | "current" | "next", last_sequence } | null
//   keks              [ kek ], from the oldest to the newest
//   teks              [ { spi, transform: as in a Cisco transform set, remaining, replay_window,
//                         cipher_key_octets, integrity_key_octets, encapsulation: "tunnel",
//                         extended_sequence, current, receive, send, counters: { in, out } | null }
//                         ]
//                     in and out: { packets, bytes, replay_errors, integrity_errors } | null
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/config/config.h"
#include "agent/group/holdings.h"

namespace agent {

// StatusView refers to what there is to tell; nothing is copied but what is printed.
struct StatusView {
  const Config* config = nullptr;
  std::vector<std::string> interfaces;
  // What follows is missing until there was a route to a key server.
  std::optional<gdoi::Address> local_address;
  std::optional<gdoi::MemberStatus> member;
  const Holdings* holdings = nullptr;
  std::vector<gdoi::RekeySaStatus> keks;  // from the oldest to the newest
  std::vector<TekCounters> counters;
  std::string front_vrf = {}, inside_vrf = {};  // empty: none
};

// list_json makes one document of those of several groups, in their order:
//
//   schema            2
//   version           of the daemon
//   groups            [ document of schema 1 ]
[[nodiscard]] std::string list_json(const std::vector<std::string>& documents);

// status_json writes the document without line breaks.
[[nodiscard]] std::string status_json(const StatusView& view, Instant now);

// status_line is one line for systemctl status: "registered with 10.0.0.5, TEK 0x..., ...".
[[nodiscard]] std::string status_line(const StatusView& view, Instant now);

}  // namespace agent
