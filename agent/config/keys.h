// SPDX-License-Identifier: GPL-2.0-or-later
// The table of settings: what the command line, the file and --check know of each key.
#pragma once

#include <span>

#include "agent/config/daemon_config.h"

namespace agent {

// Key is what there is to know of a setting without setting it.
struct Key {
  std::string_view name;     // without "--"
  std::string_view metavar;  // empty: a flag, with yes or no in the file
  std::string_view help;     // one line
  enum class Repeat : std::uint8_t {
    no,
    list,   // may be given again, and as a comma list
    again,  // may be given again; values may hold commas
  } repeat = Repeat::no;
  std::string_view alias = {};  // its name in earlier releases
};

// GroupKey sets one thing of a group. Parse takes one value; errors say what is wrong with it.
struct GroupKey : Key {
  Result<void> (*parse)(GroupConfig& config, std::string_view value) = nullptr;
  void (*reset)(GroupConfig& config, const GroupConfig& from) = nullptr;  // as it is there
  // print says what was understood, a text for each line; nothing: the key does not count now.
  std::vector<std::string> (*print)(const ConfiguredGroup& group) = nullptr;
};
[[nodiscard]] std::span<const GroupKey> group_keys() noexcept;
[[nodiscard]] const GroupKey* find_group_key(std::string_view name) noexcept;  // or its alias

// DaemonKey sets one thing of the daemon.
struct DaemonKey : Key {
  Result<void> (*parse)(DaemonConfig& config, std::string_view value) = nullptr;
  std::string (*print)(const DaemonConfig& config) = nullptr;
};
[[nodiscard]] std::span<const DaemonKey> daemon_keys() noexcept;
[[nodiscard]] const DaemonKey* find_daemon_key(std::string_view name) noexcept;

}  // namespace agent
