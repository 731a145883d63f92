// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/base/log.h"
#include "agent/base/result.h"
#include "xfrm/base/finding.h"

namespace agent {

// Finding is a setting of this machine that works against encryption.
using Finding = xfrm::Finding;

// finding_text is one line about it, with its remedy.
[[nodiscard]] std::string finding_text(const Finding& finding);

// FindingLog names each finding in the log once when it appears, and once when it is gone.
class FindingLog {
 public:
  // update takes in what a look found, or why there could be none.
  void update(Result<std::vector<Finding>> found, const Log& log);

  // current is what the last look found; nothing when there was none, or it failed.
  [[nodiscard]] const std::optional<std::vector<Finding>>& current() const noexcept {
    return current_;
  }

 private:
  std::optional<std::vector<Finding>> current_;
  std::vector<Finding> logged_;
  std::string obstacle_;  // why the last look failed; empty: it did not
};

}  // namespace agent
