// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace agent {

// Setting is one key with its text, from wherever it came.
struct Setting {
  std::string key, value;
  std::string origin;  // "FILE:LINE" or "--key": begins every error about it
};
using Settings = std::vector<Setting>;

// Section is what stands below a line `[NAME]`, up to the next one.
struct Section {
  std::string name;
  std::string origin;  // "FILE:LINE: [NAME]"; those of its settings are like it
  Settings settings;
};

struct SettingsFile {
  Settings common;  // what stands before the first section, or all there is
  std::vector<Section> sections;
};

// parse_settings reads lines of `key = value` and `[NAME]`, a name being 1 to 32 letters, digits,
// '-', '_' and '.', and no two alike. A '#' at the start of a line or after a blank begins a
// comment; a value may stand in double quotes. Errors begin with "FILE:LINE: ".
[[nodiscard]] Result<SettingsFile> parse_settings(const std::string& text, const std::string& file);

// read_settings does so for a file of at most 1 MiB that nobody can write but root and us.
[[nodiscard]] Result<SettingsFile> read_settings(const std::string& file);

// find_setting looks for the last `key = value` in a file whatever its other lines are like; empty
// when the file cannot be read or has no such line. For getvpnctl, which must work while somebody
// edits the file.
[[nodiscard]] std::string find_setting(const std::string& file, const std::string& key);

}  // namespace agent
