// SPDX-License-Identifier: GPL-2.0-or-later
// A configuration file: errors name the file, and what is understood is written down without
// control characters and the same each time.
#include "agent/config/daemon_config.h"
#include "tests/fuzz/target.h"

bool fuzz(gdoi::View input) {
  const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
  const auto file = agent::parse_settings(text, "FILE");
  if (!file) {
    assert(file.error().what.rfind("FILE", 0) == 0);
    return false;
  }
  const auto config = agent::make_daemon_config(*file, {});
  if (!config) {
    assert(!config.error().what.empty());
    return false;
  }
  assert(!config->groups.empty());
  const auto described = agent::describe(*config);
  for (const char c : described) assert(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  const auto again = agent::make_daemon_config(*file, {});
  assert(again && agent::describe(*again) == described);
  return true;
}
