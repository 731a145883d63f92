// SPDX-License-Identifier: GPL-2.0-or-later
// `getvpnctl monitor --exec`: runs the programs of a directory when something happens to a group.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "agent/hooks/hook_events.h"

namespace agent {

struct HookOptions {
  std::string socket;
  std::optional<std::string> group;  // nothing: all
  std::string directory;
  seconds limit{10};  // of each hook
};

// HookRunner runs hooks one at a time, in the order of their names, and waits for each.
class HookRunner {
 public:
  using Say = std::function<void(const std::string& line)>;

  HookRunner(const HookOptions& options, Say say) : options_{options}, say_{std::move(say)} {}

  // run tells of every hook that failed, and why; one that is refused is told of once.
  void run(const HookEvent& event);

 private:
  const HookOptions& options_;
  Say say_;
  std::set<std::string> told_;
};

// follow_with_hooks does not return. Events that come while a hook runs are kept by the daemon;
// when there were more than it keeps, hooks are told how groups are then. A daemon that is not
// there is waited for.
[[noreturn]] void follow_with_hooks(const HookOptions& options, const HookRunner::Say& say);

}  // namespace agent
