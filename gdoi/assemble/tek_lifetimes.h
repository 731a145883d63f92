// SPDX-License-Identifier: GPL-2.0-or-later
// How long the TEKs of a policy protect all that its ACL permits.
#pragma once

#include <functional>
#include <map>

#include "gdoi/policy/policy.h"

namespace gdoi {

// TekLifetimes remembers which TEKs serve the ACEs, and when they end. It has no keys and no
// selectors: ACEs that are served alike count once.
class TekLifetimes {
 public:
  TekLifetimes() = default;
  // `received_at` is when the key server sent it: lifetimes run from there.
  TekLifetimes(const GroupPolicy& policy, Instant received_at);

  // remove takes out TEKs that were deleted before their time.
  void remove(const std::function<bool(Spi)>& deleted);

  // ends is when the first permitting ACE has no TEK left; in the past when one has none now.
  // Nothing when none needs one.
  [[nodiscard]] std::optional<Instant> ends() const;

 private:
  std::map<Spi, Instant> ends_;
  std::vector<std::vector<Spi>> serving_;  // sorted, no two alike
};

}  // namespace gdoi
