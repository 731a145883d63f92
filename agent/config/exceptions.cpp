// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/exceptions.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/config/access_list.h"

namespace agent {

// An exception counts in both directions: "tcp any any eq 22" is meant to let an operator in, which
// takes the answers as well.
Result<void> add_exception(std::vector<gdoi::TrafficSelector>& known, std::string_view text) {
  constexpr std::size_t most = 4096;
  const auto selectors = parse_selectors(text);
  if (!selectors) return tl::unexpected<Error>{selectors.error()};
  const auto add = [&known](const gdoi::TrafficSelector& one) {
    const bool is_new = std::find(known.begin(), known.end(), one) == known.end();
    if (is_new) known.push_back(one);
    return is_new;
  };
  bool is_new = false;
  for (const auto& selector : *selectors) {
    if (known.size() >= most) return fail("too many exceptions");
    is_new = add(selector) || is_new;
    add(mirrored(selector));
  }
  if (!is_new) return fail(fmt::format("'{}' is there already", text));
  return {};
}

}  // namespace agent
