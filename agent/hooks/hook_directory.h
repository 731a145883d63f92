// SPDX-License-Identifier: GPL-2.0-or-later
// Which programs of a directory are run as hooks.
#pragma once

#include <string>
#include <vector>

#include "agent/base/result.h"

namespace agent {

struct FoundHooks {
  std::vector<std::string> programs;  // whole paths, in the order of their names
  std::vector<std::string> refused;   // what is executable and not run all the same, and why
};

// find_hooks lists, as run-parts(8) does, what is executable and called by letters, digits, '-' and
// '_' only. One that others than root and its owner can change is refused: it would let them act
// with the rights of whoever runs it. No directory: no hooks.
[[nodiscard]] Result<FoundHooks> find_hooks(const std::string& directory);

}  // namespace agent
