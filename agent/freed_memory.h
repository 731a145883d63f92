// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

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
  // it may be returned while memory is locked (while_unlocked). It costs a system call when they
  // were not.
  [[nodiscard]] Result<void> give_back();

 private:
  static constexpr long many_pages = 256;
  long taken_ = 0;  // pages, from the start to the last time
};

}  // namespace agent
