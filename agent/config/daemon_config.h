// SPDX-License-Identifier: GPL-2.0-or-later
// Several groups in one configuration, and what they must not share.
//
// Settings before the first section are defaults for all groups; `[NAME]` begins a group. What a
// group needs for itself in the kernel (anchors, request ids, a mark bit) comes from slots: slot 0
// has what a single group has always had, each further one the next pair of anchors, the next
// 4096 request ids, the next lower bit.
#pragma once

#include <cstdint>

#include "agent/config/config.h"

namespace agent {

inline constexpr std::size_t max_groups = 16;

// make_daemon_config makes the groups of a file and a command line. With sections the command line
// may speak of the daemon only. Errors begin with the origin, and with the group where there is
// one; of two groups that clash both origins are named.
[[nodiscard]] Result<DaemonConfig> make_daemon_config(const SettingsFile& file,
                                                      const Settings& command_line);

// table_name is what a group's nftables table is called: by its section, else by its identity.
[[nodiscard]] std::string table_name(const Config& group);

// Settled is a slot that is in use already, by the group with this table.
struct Settled {
  std::string table;
  std::uint32_t slot = 0;
};

// settle gives each group its slot and what comes with that, apart from what the operator chose.
// Groups keep the slot they have in `before`: then nothing in the kernel need change only because
// another group came or went. Fails when one can have no slot that leaves the others theirs.
[[nodiscard]] Result<void> settle(DaemonConfig& config, std::span<const Settled> before);

// describe lists what was understood, group by group.
[[nodiscard]] std::string describe(const DaemonConfig& config);

}  // namespace agent
