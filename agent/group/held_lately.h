// SPDX-License-Identifier: GPL-2.0-or-later
// HeldLately: which SPIs are ours, and were in the last two hours. Who sends on one of those is
// behind, and we are not.
#pragma once

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "agent/group/ports.h"

namespace agent {

template <typename Spi>
class HeldLately {
 public:
  static constexpr seconds remembered{7200};

  // follow learns which ones are ours now.
  void follow(std::vector<Spi> held, Instant now) {
    std::sort(held.begin(), held.end());
    for (const auto& spi : held_)
      if (!std::binary_search(held.begin(), held.end(), spi)) left_[spi] = now;
    std::erase_if(left_, [&](const auto& one) { return one.second + remembered < now; });
    held_ = std::move(held);
  }
  // forget is for when the operator cleared them: others may go on with them as well as ever.
  void forget() {
    held_.clear();
    left_.clear();
  }
  [[nodiscard]] bool holds(const Spi& spi) const {
    return std::binary_search(held_.begin(), held_.end(), spi);
  }
  [[nodiscard]] bool held_lately(const Spi& spi) const { return left_.contains(spi) || holds(spi); }

 private:
  std::vector<Spi> held_;        // sorted
  std::map<Spi, Instant> left_;  // when they went
};

}  // namespace agent
