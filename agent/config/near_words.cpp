// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/near_words.h"

#include <algorithm>
#include <numeric>

namespace agent {
namespace {

// edits counts the letters to be put in, taken out or changed to make one word of the other; two
// neighbours that changed places are one.
std::size_t edits(std::string_view from, std::string_view to) {
  std::vector<std::size_t> before(to.size() + 1), row(to.size() + 1), next(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= from.size(); ++i) {
    next[0] = i;
    for (std::size_t j = 1; j <= to.size(); ++j) {
      const bool same = from[i - 1] == to[j - 1];
      next[j] = std::min({row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && from[i - 1] == to[j - 2] && from[i - 2] == to[j - 1])
        next[j] = std::min(next[j], before[j - 2] + 1);
    }
    before = row;
    row = next;
  }
  return row.back();
}

}  // namespace

std::string nearest_word(std::string_view written, const std::vector<std::string_view>& known) {
  const auto nearest =
      std::min_element(known.begin(), known.end(), [&](std::string_view a, std::string_view b) {
        return edits(written, a) < edits(written, b);
      });
  if (nearest == known.end()) return {};
  const auto distance = edits(written, *nearest);
  const bool close =
      distance <= std::max<std::size_t>(2, nearest->size() / 3) && distance < nearest->size();
  return close ? std::string{*nearest} : std::string{};
}

}  // namespace agent
