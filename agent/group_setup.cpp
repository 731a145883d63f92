// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group_setup.h"

#include <algorithm>

#include "agent/config/config_values.h"

namespace agent {

gdoi::Address source_towards(const gdoi::Address& key_server,
                             std::span<const KeyServer> key_servers, const Uplink& uplink) {
  const auto& sources = uplink.sources;
  for (std::size_t i = 0; i < std::min(sources.size(), key_servers.size()); ++i)
    if (key_servers[i].address == key_server && sources[i]) return *sources[i];
  for (const auto& source : sources)
    if (source && source->family == key_server.family) return *source;
  gdoi::Address unspecified;
  unspecified.family = key_server.family;
  return unspecified;
}

std::vector<gdoi::KeyServer> asked_key_servers(const GroupSetup& setup,
                                               std::span<const KeyServer> key_servers,
                                               const Uplink& uplink) {
  std::vector<gdoi::KeyServer> out;
  for (std::size_t i = 0; i < key_servers.size(); ++i) {
    if (!key_servers[i].name.empty() && !uplink.sources[i]) continue;
    auto one =
        setup.credentials.key_servers(setup.group.config.authentication, key_servers.subspan(i, 1));
    for (auto& server : one) {
      server.local_address = uplink.sources[i];
      out.push_back(std::move(server));
    }
  }
  return out;
}

gdoi::MemberConfig member_config(const GroupSetup& setup, std::span<const KeyServer> key_servers,
                                 const Uplink& uplink) {
  const auto& config = setup.group.config;
  gdoi::MemberConfig out;
  out.group = config.group;
  out.local_address = uplink.source;
  setup.credentials.fill(out.phase1, config.authentication);
  out.key_servers = asked_key_servers(setup, key_servers, uplink);
  out.locate_key_servers = any_by_name(config.key_servers);
  out.answer_from = config.answer_from;
  out.phase1.proposals = config.proposals;
  out.phase1.lifetime = config.ike_lifetime;
  out.phase1.mode = config.ike_mode;
  out.phase1.doi = config.phase1_doi.value_or(2);
  out.phase1.fallback_doi = !config.phase1_doi;
  out.phase1.nat_traversal = config.nat_traversal;
  out.phase1.fragments = config.ike_fragmentation;
  out.phase1.vendor_ids = config.vendor_ids;
  out.phase1.initial_contact = setup.group.sole_contact;
  out.tek_without_key = config.tek_without_key;
  out.sat_attributes = config.sat_attributes;
  out.ack_key_length = config.ack_key_length;
  out.timers.back_off_max = config.retry_max;
  return out;
}

GroupOptions group_options(const GroupConfig& config, const Uplink& uplink) {
  GroupOptions out;
  out.names = {config.group_name, uplink.source, uplink.vrf, uplink.inside_vrf, {}};
  for (const auto& proposal : config.proposals)
    out.names.proposals += (out.names.proposals.empty() ? "" : ", ") + proposal_text(proposal);
  out.interfaces = uplink.interfaces;
  out.send_counter_modes = config.send_counter_modes;
  out.fail_close = config.fail_close;
  out.fail_close_revert = config.fail_close_revert;
  out.scope = config.scope;
  out.acceptance = config.acceptance;
  out.rekey_keys = config.rekey_keys;
  out.recovery = config.recovery;
  out.replay_senders = config.replay_senders.any();
  return out;
}

}  // namespace agent
