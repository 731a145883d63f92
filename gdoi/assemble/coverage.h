// SPDX-License-Identifier: GPL-2.0-or-later
// How long the TEKs of a policy protect all that its list permits.
#pragma once

#include <functional>
#include <map>

#include "gdoi/policy/policy.h"

namespace gdoi {

// Coverage remembers which TEKs serve the lines of a list, and when they end. It has no keys and no
// selectors: lines that are served alike count once.
class Coverage {
 public:
  Coverage() = default;
  // `told` is when the key server spoke: lifetimes run from there.
  Coverage(const GroupPolicy& policy, Instant told);

  // forget takes out TEKs that were deleted before their time.
  void forget(const std::function<bool(Spi)>& deleted);

  // ends is when the first line has no TEK left; in the past when one has none now. Nothing when no
  // line needs one.
  [[nodiscard]] std::optional<Instant> ends() const;

 private:
  std::map<Spi, Instant> ends_;
  std::vector<std::vector<Spi>> serving_;  // sorted, no two alike
};

}  // namespace gdoi
