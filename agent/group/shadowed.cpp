// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/shadowed.h"

#include <algorithm>

namespace agent {
namespace {

bool covers(const gdoi::AddressRange& outer, const gdoi::AddressRange& inner) noexcept {
  return outer.first.family == inner.first.family && outer.first <= inner.first &&
         inner.last <= outer.last;
}

bool covers(const gdoi::TrafficEnd& outer, const gdoi::TrafficEnd& inner) noexcept {
  if (!covers(outer.addresses, inner.addresses)) return false;
  if (outer.port == 0) return true;
  const auto last = [](const gdoi::TrafficEnd& end) { return std::max(end.port, end.last_port); };
  return inner.port != 0 && outer.port <= inner.port && last(inner) <= last(outer);
}

bool covers(const gdoi::TrafficSelector& outer, const gdoi::TrafficSelector& inner) noexcept {
  return (outer.protocol == 0 || outer.protocol == inner.protocol) &&
         covers(outer.source, inner.source) && covers(outer.destination, inner.destination);
}

}  // namespace

std::vector<Shadowed> shadowed_entries(std::span<const gdoi::AccessEntry> entries) {
  std::vector<Shadowed> out;
  if (entries.size() > max_searched) return out;
  for (std::size_t i = 1; i < entries.size(); ++i) {
    const auto& selector = entries[i].selector;
    const auto earlier = entries.first(i);
    const auto by = std::find_if(earlier.begin(), earlier.end(), [&](const auto& entry) {
      return entry.selector != selector && covers(entry.selector, selector);
    });
    if (by != earlier.end()) out.push_back({i, static_cast<std::size_t>(by - earlier.begin())});
  }
  return out;
}

bool have_same_lines(std::span<const gdoi::AccessEntry> a, std::span<const gdoi::AccessEntry> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& one, const auto& other) {
    return one.action == other.action && one.selector == other.selector;
  });
}

}  // namespace agent
