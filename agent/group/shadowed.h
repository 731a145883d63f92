// SPDX-License-Identifier: GPL-2.0-or-later
// Lines of a list that can never match.
#pragma once

#include <span>
#include <vector>

#include "gdoi/policy/policy.h"

namespace agent {

// Shadowed is a line of which all traffic is matched by an earlier one. Positions count from 0.
struct Shadowed {
  std::size_t entry = 0, by = 0;
  friend bool operator==(const Shadowed&, const Shadowed&) = default;
};

// shadowed_entries finds them, in the list's order. A line that stands there again for another TEK
// is none: that is a rollover. Nothing is looked for in lists of more than max_searched lines,
// since each is compared with all before it.
inline constexpr std::size_t max_searched = 4096;
[[nodiscard]] std::vector<Shadowed> shadowed_entries(std::span<const gdoi::AccessEntry> entries);

// have_same_lines tells whether two lists differ in their TEKs only, as after a rekey: the same
// lines of both are shadowed.
[[nodiscard]] bool have_same_lines(std::span<const gdoi::AccessEntry> a,
                                   std::span<const gdoi::AccessEntry> b);

}  // namespace agent
