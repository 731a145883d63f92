// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <vector>

#include "agent/result.h"

namespace agent {

// Setting is one key with its text, from wherever it came.
struct Setting {
  std::string key, value;
  std::string origin;  // "FILE:LINE" or "--key": begins every error about it
};
using Settings = std::vector<Setting>;

// parse_settings reads lines of `key = value`. A '#' at the start of a line or after a blank begins
// a comment; a value may stand in double quotes. Errors begin with "FILE:LINE: ".
[[nodiscard]] Result<Settings> parse_settings(const std::string& text, const std::string& file);

// read_settings does so for a file of at most 1 MiB.
[[nodiscard]] Result<Settings> read_settings(const std::string& file);

// find_setting looks for the last `key = value` in a file whatever its other lines are like; empty
// when the file cannot be read or has no such line. For getvpnctl, which must work while somebody
// edits the file.
[[nodiscard]] std::string find_setting(const std::string& file, const std::string& key);

}  // namespace agent
