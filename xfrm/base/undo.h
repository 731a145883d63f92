// SPDX-License-Identifier: GPL-2.0-or-later
// Undo: what takes back the steps done so far, last one first. Steps refer to whoever pushed them,
// which has to stay where it is until they ran or are dropped.
#pragma once

#include <functional>
#include <vector>

#include "xfrm/base/result.h"

namespace xfrm {

class Undo {
 public:
  void push(std::function<Result<void>()> step) { steps_.push_back(std::move(step)); }

  // run takes everything back, whatever fails on the way, and returns the first failure.
  [[nodiscard]] Result<void> run() {
    Result<void> result;
    for (auto step = steps_.rbegin(); step != steps_.rend(); ++step)
      if (auto done = (*step)(); !done && result) result = std::move(done);
    steps_.clear();
    return result;
  }

 private:
  std::vector<std::function<Result<void>()>> steps_;
};

}  // namespace xfrm
