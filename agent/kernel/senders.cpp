// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/senders.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/address.h"
#include "agent/kernel/prefixes.h"
#include "xfrm/plane/config.h"
#include "xfrm/plane/senders.h"

namespace agent {
namespace {

using gdoi::AccessEntry;

// distinct_sources are what the permits' sources cover, without networks that have another within.
std::vector<xfrm::Prefix> distinct_sources(std::span<const AccessEntry> entries) {
  std::vector<xfrm::Prefix> all;
  for (const auto& entry : entries) {
    if (entry.action != AccessEntry::Action::permit) continue;
    const auto prefixes = cover(entry.selector.source.addresses);
    all.insert(all.end(), prefixes.begin(), prefixes.end());
  }
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  std::vector<xfrm::Prefix> out;
  for (const auto& network : all) {
    // In order, whatever is within a network follows it.
    while (!out.empty() && xfrm::is_in(network.address, out.back())) out.pop_back();
    out.push_back(network);
  }
  return out;
}

// Places is a part of a list in order: [first, second).
using Places = std::pair<std::size_t, std::size_t>;

// touched are the networks, which are in order and apart, that a range has addresses of.
Places touched(const std::vector<xfrm::Prefix>& networks, const gdoi::AddressRange& range) {
  const auto first = to_xfrm(range.first), last = to_xfrm(range.last);
  auto from = std::partition_point(networks.begin(), networks.end(), [&](const auto& network) {
    return network.address < first && !xfrm::is_in(first, network);
  });
  const auto until = std::partition_point(
      from, networks.end(), [&](const auto& network) { return network.address <= last; });
  return {from - networks.begin(), until - networks.begin()};
}

}  // namespace

std::vector<xfrm::Prefix> senders_of(std::span<const AccessEntry> entries) {
  const auto networks = distinct_sources(entries);
  // How many permits more, from each place on, protect traffic inside of a network.
  std::vector<int> inside(networks.size() + 1);
  for (const auto& entry : entries) {
    if (entry.action != AccessEntry::Action::permit) continue;
    const auto from = touched(networks, entry.selector.source.addresses);
    const auto to = touched(networks, entry.selector.destination.addresses);
    const Places both{std::max(from.first, to.first), std::min(from.second, to.second)};
    if (both.first >= both.second) continue;
    ++inside[both.first];
    --inside[both.second];
  }
  std::vector<xfrm::Prefix> out;
  int now = 0;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    now += inside[i];
    if (now == 0) out.push_back(networks[i]);
  }
  return out;
}

Result<std::vector<xfrm::Prefix>> replay_senders(const ReplaySenders& wanted,
                                                 std::span<const AccessEntry> entries) {
  std::vector<xfrm::Prefix> out;
  if (wanted.of_list) out = senders_of(entries);
  for (const auto& network : wanted.networks) {
    const auto prefixes = cover(network);
    out.insert(out.end(), prefixes.begin(), prefixes.end());
  }
  for (const auto family : {xfrm::Family::ipv4, xfrm::Family::ipv6}) {
    const auto count = std::count_if(out.begin(), out.end(), [&](const auto& network) {
      return network.address.family == family;
    });
    if (static_cast<std::size_t>(count) > xfrm::max_senders)
      return fail(
          fmt::format("replay-senders: the list has {} networks, and {} can have a replay "
                      "window; name those that matter",
                      count, xfrm::max_senders));
  }
  return out;
}

}  // namespace agent
