// SPDX-License-Identifier: GPL-2.0-or-later
// The whole configuration: one group, or several in sections.
//
// Settings before the first section are defaults for all groups; `[NAME]` begins a group.
#pragma once

#include <cstdint>

#include "agent/base/accounts.h"
#include "agent/config/config.h"
#include "agent/config/metrics_target.h"
#include "agent/config/slots.h"

namespace agent {

inline constexpr std::size_t max_groups = 16;

// ConfiguredGroup is one group among those of the daemon.
struct ConfiguredGroup {
  GroupConfig config;
  ConfigOrigins origins;
  KernelIdentity identity;
  std::uint32_t precedence = 0;     // its number in the file: the first list that matches counts
  std::uint32_t earlier_marks = 0;  // the mark bits of the groups before it
  bool others_follow = false;       // there are groups behind it
  bool sole_contact = true;         // no other group has one of its key servers
};

// stands_alike tells whether a group has the same place among others in both.
[[nodiscard]] bool stands_alike(const ConfiguredGroup& one, const ConfiguredGroup& other);

// DaemonConfig is what the operator wants of the process.
struct DaemonConfig {
  std::string control_socket = default_control_socket;
  std::optional<SystemUser> user;  // who to be once all is open; nothing: default_user
  std::optional<SystemGroup> operator_group, admin_group;  // who may use it beside root
  // Nothing: the default one beside the default control socket, else none: a second daemon must not
  // take what it finds there for its own.
  std::optional<std::string> state_file;
  Level log_level = Level::notice;
  MetricsTarget metrics;
  bool allow_key_export = false;        // getvpnctl may have the keys, for Wireshark
  std::vector<ConfiguredGroup> groups;  // at least one; several only by sections

  // state_file_in_force is where state is kept; empty: nowhere.
  [[nodiscard]] std::string state_file_in_force() const {
    if (state_file) return *state_file;
    return control_socket == default_control_socket ? default_state_file : "";
  }
  [[nodiscard]] bool has_sections() const { return !groups.front().config.section.empty(); }
};

// make_daemon_config makes the groups of a file and a command line, which counts more. With
// sections the command line may speak of the daemon only. Errors begin with the origin, and with
// the group where there is one; of two groups that clash both origins are named.
[[nodiscard]] Result<DaemonConfig> make_daemon_config(const SettingsFile& file,
                                                      const Settings& command_line);

// assign_slots gives each group its slot. Groups keep the slot they have in `before`: then nothing
// in the kernel need change only because another group came or went. Fails when one can have no
// slot that leaves the others theirs.
[[nodiscard]] Result<void> assign_slots(DaemonConfig& config,
                                        std::span<const SlotAssignment> before);

// SettingChange is a line of describe() that comes or goes.
struct SettingChange {
  bool comes = false;
  std::string line;
};
// setting_changes are those of one group. restart_settings names the settings of the daemon that
// differ: none of them changes while it runs.
[[nodiscard]] std::vector<SettingChange> setting_changes(const ConfiguredGroup& from,
                                                         const ConfiguredGroup& to);
[[nodiscard]] std::vector<std::string> restart_settings(const DaemonConfig& from,
                                                        const DaemonConfig& to);

// warnings are about settings of the daemon that are meant for a laboratory.
[[nodiscard]] std::vector<std::string> warnings(const DaemonConfig& config);

// describe lists what was understood, group by group.
[[nodiscard]] std::string describe(const DaemonConfig& config);

}  // namespace agent
