// SPDX-License-Identifier: GPL-2.0-or-later
// A line of an access list: what is read is written as a line that means the same.
#include "agent/config/access_list.h"

#include "tests/fuzz/target.h"

bool fuzz(gdoi::View input) {
  const std::string text{reinterpret_cast<const char*>(input.data()), input.size()};
  const auto selectors = agent::parse_selectors(text);
  if (!selectors) {
    assert(!selectors.error().what.empty());
    return false;
  }
  assert(!selectors->empty());
  for (const auto& one : *selectors) {
    const auto written = gdoi::describe(one);
    const auto again = agent::parse_selectors(written);
    assert(again && again->size() == 1 && again->front() == one);
    assert(agent::mirrored(agent::mirrored(one)) == one);
  }
  return true;
}
