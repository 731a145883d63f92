// SPDX-License-Identifier: GPL-2.0-or-later
// What the operator wants, valid as a whole: nothing later checks it again.
#pragma once

#include <cstdint>
#include <map>
#include <span>

#include "agent/base/log.h"
#include "agent/base/result.h"
#include "agent/config/acceptance.h"
#include "agent/config/authentication.h"
#include "agent/config/settings.h"
#include "gdoi/member.h"

namespace agent {

inline constexpr const char* default_config_file = "/etc/getvpn-gm/getvpn-gm.conf";
inline constexpr const char* default_secrets_file = "/etc/getvpn-gm/getvpn-gm.secrets";
inline constexpr const char* default_control_socket = "/run/getvpn-gm/control.sock";

// Config is what the operator wants of one group.
struct Config {
  std::vector<gdoi::Endpoint> key_servers;  // 1 to 8, no two alike
  gdoi::GroupId group;
  std::string group_name;               // the identity's text when none was given
  std::string vrf;                      // key servers are reached through it; empty: none
  std::vector<std::string> interfaces;  // empty: the one that leads to the key server
  Authentication authentication;
  std::vector<gdoi::Phase1Proposal> proposals;
  gdoi::seconds ike_lifetime{86400};
  std::uint32_t phase1_doi = 2;
  bool nat_traversal = true, ike_fragmentation = true;
  gdoi::Phase1Mode ike_mode = gdoi::Phase1Mode::main;
  bool fallback_doi = true;  // off once the operator chose a DOI
  gdoi::TekWithoutKey keyless_sat = gdoi::TekWithoutKey::reject;
  std::uint32_t replay_window = 0;  // packets; 0: off
  bool send_counter_modes = false;
  Acceptance acceptance;
  std::vector<gdoi::TrafficSelector> exceptions;             // both ways; always in clear
  std::vector<gdoi::TrafficSelector> fail_close_exceptions;  // both ways; until registered
  bool fail_close = false, fail_close_revert = false;
  bool passive = false;
  std::vector<gdoi::AddressRange> scope;  // empty: anywhere
  gdoi::AckKeyLength ack_key_length = gdoi::AckKeyLength::block;
  gdoi::seconds retry_max{300};
  gdoi::Address anchor_in, anchor_out;     // IPv4, not alike
  gdoi::Address anchor_in6, anchor_out6;   // IPv6, not alike
  std::uint32_t mark = 0x10000000;         // one bit
  std::optional<std::uint16_t> mss_clamp;  // largest TCP segment; 0: as the WAN's MTU demands
  std::uint32_t reqid = 0x47560000;        // first of xfrm::max_key_classes; "GV"
  // Where each key that was given stood first. The map's keys are those of the table.
  std::map<std::string_view, std::string> origins;

  // By sections (daemon_config.h) only.
  std::string section;           // its name; empty: the one group of a file without any
  std::uint32_t slot = 0;        // which of what groups must not share is this one's
  std::uint32_t precedence = 0;  // its number in the file: the first list that matches counts
  bool sole_contact = true;      // no other group has one of its key servers

  friend bool operator==(const Config&, const Config&) = default;
};

// DaemonConfig is what the operator wants of the process.
struct DaemonConfig {
  std::string control_socket = default_control_socket;
  Level log_level = Level::notice;
  std::vector<Config> groups;  // at least one; several only by sections

  [[nodiscard]] bool has_sections() const { return !groups.front().section.empty(); }
};

// Key is one row of the table that both the command line and the file are read by. It sets
// something of a group or of the daemon.
struct Key {
  std::string_view name;     // without "--"
  std::string_view metavar;  // empty: a flag, with yes or no in the file
  std::string_view help;     // one line
  bool repeatable = false;   // may be given again, and as a comma list
  Result<void> (*set)(Config& config, std::string_view value) = nullptr;
  Result<void> (*set_daemon)(DaemonConfig& config, std::string_view value) = nullptr;
  bool whole = false;  // repeatable, but not as a comma list: values may hold commas
};
[[nodiscard]] std::span<const Key> config_keys() noexcept;
[[nodiscard]] const Key* find_key(std::string_view name) noexcept;  // nullptr: no such key

// make_config makes one group of general settings, and particular ones: of a key that is among the
// particular ones, nothing of the general ones is left. Keys of the daemon are checked and passed
// over. Each error begins with the origin of the setting.
[[nodiscard]] Result<Config> make_config(const Settings& general, const Settings& particular);

// set_daemon_keys does so for the daemon's keys, and passes over those of groups.
[[nodiscard]] Result<void> set_daemon_keys(DaemonConfig& config, const Settings& general,
                                           const Settings& particular);

// describe lists what was understood of a group, one "key = value" a line.
[[nodiscard]] std::string describe(const Config& config);

}  // namespace agent
