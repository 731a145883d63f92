// SPDX-License-Identifier: GPL-2.0-or-later
// What getvpnctl asks for: the state of the group as JSON, never with a secret in it.
//
// Schema 1; status.schema.json describes each member. Members are only added under one number;
// removing or changing one makes schema 2. Durations are whole seconds from now. null stands for
// "there is none".
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/base/finding.h"
#include "agent/base/ipsec_errors.h"
#include "agent/config/config.h"
#include "agent/config/crl_watch.h"
#include "agent/group/error_monitoring.h"
#include "agent/group/sa_table.h"

namespace agent {

// to_text writes a document on one line; what is not UTF-8 in it is replaced.
[[nodiscard]] std::string to_text(const nlohmann::json& document);

// KeyServerName is a key server that is given by name, and where it was found last.
struct KeyServerName {
  std::string name;
  std::uint16_t port = 0;
  std::vector<gdoi::Address> addresses;
  std::string failure;  // why it cannot be resolved now; empty: it was, or was not tried yet
};

// StatusView refers to what there is to tell; nothing is copied but what is printed. What the data
// plane does stands in its own words: SaTable::applied(), or `early_mode` before there is a route.
struct StatusView {
  const GroupConfig* config = nullptr;
  std::vector<std::string> interfaces;
  std::optional<Installation::Mode> early_mode = {};
  // What follows is missing until there was a route to a key server.
  std::optional<gdoi::Address> local_address;
  std::optional<gdoi::MemberStatus> member;
  const SaTable* sas = nullptr;
  std::vector<gdoi::RekeySaStatus> keks;  // from the oldest to the newest
  std::vector<TekCounters> counters;
  std::optional<DroppedInClear> dropped = {};          // nothing: not known
  std::optional<IpsecErrors> ipsec_errors = {};        // nothing: not known
  std::optional<ErrorMonitoring::Status> errors = {};  // nothing: not known
  gdoi::Bytes rekey_key = {};                          // SHA-256; empty: none signs rekeys
  std::vector<gdoi::Bytes> vendor_ids = {};            // of the key server
  std::string front_vrf = {}, inside_vrf = {};         // empty: none
  std::optional<std::vector<Finding>> findings = {};   // nothing: not known
  std::optional<KernelWork> work = {};                 // a long change of the kernel, under way
  // Key servers where they are now; nothing: as the configuration has them.
  std::optional<std::vector<KeyServer>> key_servers = {};
  std::vector<KeyServerName> key_server_names = {};
  std::optional<CrlStatus> crls = {};                  // nothing: none are configured
  std::optional<gdoi::seconds> certificate_left = {};  // Credentials::certificate_left
  std::uint64_t drift_repairs = 0;                     // since there was a route
};

// is_registered tells whether a key server's policy is in force, with keys if it wants any: what
// `show` calls Registered.
[[nodiscard]] bool is_registered(const StatusView& view);

// Whose list the data plane enforces.
enum class Enforced : std::uint8_t { nothing, key_server, predecessor, fail_close };
[[nodiscard]] Enforced enforced_by(const StatusView& view);

// list_json makes one document of those of several groups, in their order:
//
//   schema            2
//   version           of the daemon
//   groups            [ document of schema 1 ]
[[nodiscard]] std::string list_json(const std::vector<std::string>& documents);

// status_json writes the document without line breaks.
[[nodiscard]] std::string status_json(const StatusView& view, Instant now);

// work_line is one line for systemctl status: "installing: 4352 of 10000 entries (ipv4)".
[[nodiscard]] std::string work_line(const KernelWork& work);

// status_line is one line for systemctl status: "registered with 10.0.0.5, TEK 0x..., ...".
[[nodiscard]] std::string status_line(const StatusView& view, Instant now);

}  // namespace agent
