// SPDX-License-Identifier: GPL-2.0-or-later
// What the operator wants, valid as a whole: nothing later checks it again.
#pragma once

#include <span>

#include "agent/log.h"
#include "agent/result.h"
#include "agent/settings.h"
#include "gdoi/member.h"

namespace agent {

inline constexpr const char* default_config_file = "/etc/getvpn-gm/getvpn-gm.conf";
inline constexpr const char* default_secrets_file = "/etc/getvpn-gm/getvpn-gm.secrets";
inline constexpr const char* default_control_socket = "/run/getvpn-gm/control.sock";

struct Config {
  std::vector<gdoi::Endpoint> key_servers;  // 1 to 8, no two alike
  gdoi::GroupId group;
  std::string group_name;               // the identity's text when none was given
  std::vector<std::string> interfaces;  // empty: the one that leads to the key server
  std::string secrets_file = default_secrets_file;
  std::vector<gdoi::Phase1Proposal> proposals;
  gdoi::seconds ike_lifetime{86400};
  std::uint32_t phase1_doi = 2;
  bool fallback_doi = true;  // off once the operator chose a DOI
  gdoi::KeylessSat keyless_sat = gdoi::KeylessSat::strict;
  std::uint32_t replay_window = 0;  // packets; 0: off
  bool send_counter_modes = false;
  std::vector<gdoi::TrafficSelector> exceptions;             // both ways; always in clear
  std::vector<gdoi::TrafficSelector> fail_close_exceptions;  // both ways; until registered
  bool fail_close = false, fail_close_revert = false;
  bool passive = false;
  std::vector<gdoi::AddressRange> scope;  // empty: anywhere
  gdoi::AckKeyLength ack_key_length = gdoi::AckKeyLength::block;
  gdoi::seconds retry_max{300};
  gdoi::Address anchor_in, anchor_out;     // IPv4, not alike
  std::uint32_t mark = 0x10000000;         // one bit
  std::optional<std::uint16_t> mss_clamp;  // largest TCP segment; 0: as the WAN's MTU demands
  std::uint32_t reqid = 0x47560000;        // first of xfrm::max_key_classes; "GV"
  std::string control_socket = default_control_socket;
  Level log_level = Level::notice;
};

// Key is one row of the table that both the command line and the file are read by.
struct Key {
  std::string_view name;     // without "--"
  std::string_view metavar;  // empty: a flag, with yes or no in the file
  std::string_view help;     // one line
  bool repeatable = false;   // may be given again, and as a comma list
  Result<void> (*set)(Config& config, std::string_view value) = nullptr;
};
[[nodiscard]] std::span<const Key> config_keys() noexcept;

// make_config applies the file's settings, then the command line's; of a key that is on the command
// line nothing from the file is left. Each error begins with the origin of the setting.
[[nodiscard]] Result<Config> make_config(const Settings& file, const Settings& command_line);

// describe lists what was understood, one "key = value" a line.
[[nodiscard]] std::string describe(const Config& config);

}  // namespace agent
