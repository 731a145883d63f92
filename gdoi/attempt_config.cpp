// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/attempt_config.h"

namespace gdoi {

Attempt::Config attempt_config(const MemberConfig& member, const KeyServerList& key_servers,
                               std::size_t key_server) {
  const KeyServerMemory& known = key_servers.memory(key_server);
  const Phase1Config& phase1 = member.phase1;
  const Address& own = key_servers.own_address(key_server);
  Attempt::Config out;
  out.key_server = key_servers.endpoint(key_server);
  out.answer_from = member.answer_from;
  out.phase1.sa = offer(phase1.proposals, key_servers.authenticator(key_server).method(),
                        phase1.lifetime, known.doi);
  // RFC 2407 section 4.6.2: "During Phase I negotiations, the ID port and protocol fields MUST be
  // set to zero or to UDP port 500." 848 is neither, and strict key servers abort.
  out.phase1.identity = phase1.identity.value_or(identification_of(own, 0, 0));
  out.phase1.initial_contact = phase1.initial_contact && !known.met;
  out.phase1.vendor_ids = phase1.vendor_ids;
  out.phase1.vendor_ids.push_back(dead_peer_detection_vendor_id());
  if (phase1.nat_traversal && known.nat_traversal)
    out.phase1.nat_traversal = PathEnds{{own, gdoi_port}, out.key_server, member.answer_from};
  out.phase1.fragments = phase1.fragments;
  out.mode = phase1.mode;
  out.group = member.group;
  out.sat_rules = {member.tek_without_key, member.sat_attributes};
  out.timers = member.timers;
  return out;
}

}  // namespace gdoi
