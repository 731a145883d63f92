// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <optional>

#include "agent/base/clock.h"
#include "agent/base/result.h"

namespace agent {

// FreedMemory returns to the system what the C library keeps of memory that was freed. A long list
// or an answer that shows it takes tens of MiB in small pieces for a moment; the library keeps them
// for the next time, which may never come, and since all of the daemon's memory is locked it would
// stay in RAM.
class FreedMemory {
 public:
  // prepare has large pieces returned at once. Call it before anything is allocated that is large,
  // else the C library raises its limit for that with each of them.
  static void prepare();

  // give_back returns all that is free when many pages were taken since the last time, or what of
  // it may be returned while memory is locked (while_unlocked); and once more `settling` later,
  // when what was in use then, such as an answer on its way, is free as well. It costs a system
  // call when they were not.
  [[nodiscard]] Result<void> give_back(Instant now);
  // deadline is when to call it next; nothing: it need not be called.
  [[nodiscard]] std::optional<Instant> deadline() const noexcept { return again_at_; }

 private:
  static constexpr long many_pages = 256;
  static constexpr seconds settling{5};
  long taken_ = 0;  // pages, from the start to the last time
  std::optional<Instant> again_at_;
};

}  // namespace agent
