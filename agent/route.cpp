// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/route.h"

namespace agent {
namespace {

template <class Applies>
std::vector<std::size_t> those(std::span<const Recipient> groups, Applies applies) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < groups.size(); ++i)
    if (groups[i].in_domain && applies(groups[i])) out.push_back(i);
  return out;
}

}  // namespace

std::vector<std::size_t> route(std::span<const Recipient> groups) {
  auto owners = those(groups, [](const Recipient& group) { return group.owns; });
  if (!owners.empty()) return owners;
  auto present = those(groups, [](const Recipient&) { return true; });
  if (present.size() == 1) return present;
  auto served = those(groups, [](const Recipient& group) { return group.has_key_server; });
  if (served.size() == 1) return served;
  return {};
}

}  // namespace agent
