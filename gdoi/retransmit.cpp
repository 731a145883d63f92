// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/retransmit.h"

#include <algorithm>

namespace gdoi {

bool Retransmit::again(Instant now) noexcept {
  if (left_ == 0) return false;
  constexpr milliseconds longest{std::chrono::minutes{5}};
  left_ -= 1;
  wait_ = std::min(wait_ * 2, std::max(wait_, longest));
  due_ = now + wait_;
  return true;
}

}  // namespace gdoi
