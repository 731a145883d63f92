// SPDX-License-Identifier: GPL-2.0-or-later
// What the operator wants, valid as a whole: nothing later checks it again.
//
// GroupConfig is what was said of one group, ConfigOrigins where that stands, and KernelIdentity
// (slots.h) what follows from it and from the other groups. They are apart so that two
// configurations can be compared as a whole: a setting that is added counts by itself.
#pragma once

#include <cstdint>
#include <map>
#include <variant>

#include "agent/base/log.h"
#include "agent/base/result.h"
#include "agent/config/acceptance.h"
#include "agent/config/authentication.h"
#include "agent/config/key_server.h"
#include "agent/config/settings.h"
#include "gdoi/member_config.h"

namespace agent {

inline constexpr const char* default_config_file = "/etc/getvpn-gm/getvpn-gm.conf";
inline constexpr const char* default_secrets_file = "/etc/getvpn-gm/getvpn-gm.secrets";
inline constexpr const char* default_control_socket = "/run/getvpn-gm/control.sock";
inline constexpr const char* default_state_file = "/var/lib/getvpn-gm/state";

// What a group shall be known by in the kernel; nothing: what comes with its slot (slots.h).
struct KernelChoice {
  std::optional<gdoi::Address> anchor_in, anchor_out;    // IPv4
  std::optional<gdoi::Address> anchor_in6, anchor_out6;  // IPv6
  std::optional<std::uint32_t> mark;                     // one bit
  std::optional<std::uint32_t> reqid;                    // first of xfrm::max_key_classes

  friend bool operator==(const KernelChoice&, const KernelChoice&) = default;
};

// RekeyKeys is which keys may sign rekeys; by default any.
struct RekeyKeys {
  bool first = false;                // the one that was seen first
  std::vector<gdoi::Bytes> digests;  // those with one of these SHA-256

  [[nodiscard]] bool any() const noexcept { return !first && digests.empty(); }
  friend bool operator==(const RekeyKeys&, const RekeyKeys&) = default;
};

// Source is where registration comes from: an address, or an interface that has one.
using Source = std::variant<gdoi::Address, std::string>;

// RecoveryOptions is when ESP without a key makes the member register again (recovery_check.h).
struct RecoveryOptions {
  std::optional<gdoi::seconds> interval{300};  // at least between two registrations; nothing: off
  std::uint32_t packets = 10;                  // at least, under one SPI

  friend bool operator==(const RecoveryOptions&, const RecoveryOptions&) = default;
};

// ReplaySenders is which networks have a replay window each: by default none.
struct ReplaySenders {
  bool of_list = false;  // those that the key server's list names, as far as they can be told
  std::vector<gdoi::AddressRange> networks;  // prefixes

  [[nodiscard]] bool any() const noexcept { return of_list || !networks.empty(); }
  friend bool operator==(const ReplaySenders&, const ReplaySenders&) = default;
};

// GroupConfig is what the operator said of one group.
struct GroupConfig {
  std::string section;                     // its name; empty: the one group of a file without any
  std::vector<KeyServer> key_servers;      // 1 to max_key_servers, no two alike
  std::vector<gdoi::Address> answer_from;  // where else key servers may answer from
  gdoi::GroupId group;
  std::string group_name;               // the identity's text when none was given
  std::string vrf;                      // key servers are reached through it; empty: none
  std::vector<std::string> interfaces;  // names, or beginnings before '*'
  std::vector<Source> sources;          // the first that has an address; empty: as routing says
  Authentication authentication;
  std::vector<gdoi::Phase1Proposal> proposals;
  gdoi::seconds ike_lifetime{86400};
  std::optional<std::uint32_t> phase1_doi;  // nothing: 2, then 1
  bool nat_traversal = true, ike_fragmentation = true;
  std::vector<gdoi::Bytes> vendor_ids;  // told to key servers, besides those of what we can do
  gdoi::Phase1Mode ike_mode = gdoi::Phase1Mode::main;
  gdoi::TekWithoutKey tek_without_key = gdoi::TekWithoutKey::deny;
  std::vector<gdoi::AttributeRule> sat_attributes;
  std::uint32_t replay_window = 0;  // packets; 0: off
  ReplaySenders replay_senders;
  bool drop_unknown_senders = false;
  bool send_counter_modes = false;
  Acceptance acceptance;
  RekeyKeys rekey_keys;
  std::vector<gdoi::TrafficSelector> exceptions;             // both ways; always in clear
  std::vector<gdoi::TrafficSelector> fail_close_exceptions;  // both ways; until registered
  bool fail_close = false, fail_close_revert = false;
  bool passive = false;
  std::vector<gdoi::AddressRange> scope;  // empty: anywhere
  gdoi::AckKeyLength ack_key_length = gdoi::AckKeyLength::block;
  gdoi::seconds retry_max{300};
  RecoveryOptions recovery;
  KernelChoice kernel;
  std::optional<std::uint16_t> mss_clamp;  // largest TCP segment; 0: as the WAN's MTU demands

  friend bool operator==(const GroupConfig&, const GroupConfig&) = default;
};

// ConfigOrigins is where each setting that was given stood first: "FILE:LINE" or "--key".
class ConfigOrigins {
 public:
  void add(std::string_view key, const std::string& origin) { keys_.emplace(key, origin); }
  void forget(std::string_view key) { keys_.erase(key); }
  [[nodiscard]] bool has(std::string_view key) const { return keys_.count(key) != 0; }
  // of is where a key stands, or where the group begins when it was not given.
  [[nodiscard]] const std::string& of(std::string_view key) const {
    const auto at = keys_.find(key);
    return at == keys_.end() ? group_ : at->second;
  }
  [[nodiscard]] const std::string& group() const noexcept { return group_; }
  void set_group(std::string origin) { group_ = std::move(origin); }

 private:
  std::string group_ = "the group";
  std::map<std::string_view, std::string> keys_;  // names of the table
};

// default_group is a group of which nothing was said.
[[nodiscard]] GroupConfig default_group();

}  // namespace agent
