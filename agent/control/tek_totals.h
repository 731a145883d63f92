// SPDX-License-Identifier: GPL-2.0-or-later
// Sums over all TEKs that a group ever had.
//
// The kernel counts for each state, and forgets when the state goes. A sum over the states of now
// would fall with each rekey, which Prometheus takes for a restart. So what each state counted
// since the last look is added up here. The first look only notes where they stand: a predecessor's
// states count on from there. What a state counted between the last look and its end is lost; a TEK
// that is no longer sent on lives on for some time, so that is next to nothing.
#pragma once

#include <map>
#include <span>

#include "agent/group/ports.h"

namespace agent {

class TekTotals {
 public:
  struct Direction {
    std::uint64_t packets = 0, bytes = 0;
  };

  // add takes what the states of now have counted; nothing: that could not be read.
  void add(std::span<const TekCounters> counters);

  [[nodiscard]] const Direction& in() const noexcept { return in_; }
  [[nodiscard]] const Direction& out() const noexcept { return out_; }
  // Of packets that came in.
  [[nodiscard]] std::uint64_t replay_errors() const noexcept { return replay_errors_; }
  [[nodiscard]] std::uint64_t integrity_errors() const noexcept { return integrity_errors_; }

 private:
  using Key = std::pair<gdoi::Spi, bool>;  // outbound
  std::map<Key, TekCounters> seen_;        // at the last look
  bool looked_ = false;
  Direction in_, out_;
  std::uint64_t replay_errors_ = 0, integrity_errors_ = 0;
};

}  // namespace agent
