// SPDX-License-Identifier: GPL-2.0-or-later
// Configurations of one group, for tests.
#pragma once

#include "agent/config/daemon_config.h"

namespace support {

inline agent::Result<agent::ConfiguredGroup> make_group(const agent::Settings& file,
                                                        const agent::Settings& command_line = {}) {
  auto made = agent::make_daemon_config({file, {}}, command_line);
  if (!made) return tl::unexpected<agent::Error>{made.error()};
  return made->groups.front();
}

inline agent::Result<agent::GroupConfig> make_config(const agent::Settings& file,
                                                     const agent::Settings& command_line = {}) {
  return make_group(file, command_line).map([](const auto& group) { return group.config; });
}

}  // namespace support
