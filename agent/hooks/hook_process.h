// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "agent/base/clock.h"
#include "agent/base/result.h"

namespace agent {

using Environment = std::vector<std::pair<std::string, std::string>>;

// How a hook ended.
struct HookEnd {
  bool timed_out = false;
  int status = 0;  // as of waitpid(2)
  [[nodiscard]] bool succeeded() const { return !timed_out && status == 0; }
};

// hook_end_text: "ended with status 3", "was killed by signal 9", "did not end within 10 s".
[[nodiscard]] std::string hook_end_text(const HookEnd& end, seconds limit);

// run_hook runs one program and waits for it, `limit` at most: then it and all that it began in its
// process group gets SIGTERM, and `kill_pause` later SIGKILL. It has nothing to read, writes where
// we do, and has our environment with `environment` added. When the program cannot be run, its
// status is 127, as in a shell. Fails when there can be no process.
inline constexpr milliseconds kill_pause{2000};
[[nodiscard]] Result<HookEnd> run_hook(const std::string& program, const Environment& environment,
                                       seconds limit);

}  // namespace agent
