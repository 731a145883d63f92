// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/policy_hash.h"

#include <linux/xfrm.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "xfrm/base/kernel_address.h"

namespace xfrm {
namespace {

using Pair = std::pair<Prefix, Prefix>;  // source and destination

std::uint8_t shorter(const Pair& pair) { return std::min(pair.first.length, pair.second.length); }

Prefix cut(Prefix prefix, std::uint8_t length) {
  prefix.length = std::min(prefix.length, length);
  for (std::size_t i = 0; i < prefix.address.bytes.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(prefix.length) - static_cast<int>(i * 8), 0, 8);
    prefix.address.bytes[i] &= static_cast<std::byte>(0xff00U >> static_cast<unsigned>(kept));
  }
  return prefix;
}

// squares is the sum of the squares of how often each pair is there: what it costs to put all of
// them into lists that each is searched in.
std::uint64_t squares(std::vector<Pair> pairs) {
  std::sort(pairs.begin(), pairs.end());
  std::uint64_t out = 0, alike = 0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    alike = i > 0 && pairs[i] == pairs[i - 1] ? alike + 1 : 1;
    out += 2 * alike - 1;
  }
  return out;
}

// Cost is in comparisons of policies.
struct Cost {
  std::uint64_t all = 0;
  std::uint64_t added = 0;  // between those of different networks
};

Cost cost_of(std::span<const Pair> pairs, std::uint8_t length) {
  std::vector<Pair> hashed, at;
  for (const Pair& pair : pairs)
    if (shorter(pair) >= length) hashed.push_back(pair);
  for (const auto& [source, destination] : hashed)
    at.emplace_back(cut(source, length), cut(destination, length));
  const std::uint64_t rest = pairs.size() - hashed.size();
  const auto in_table = squares(std::move(at));
  return {in_table + rest * rest, in_table - squares(std::move(hashed))};
}

// candidates are lengths at which many lines begin to be hashed.
std::vector<std::uint8_t> candidates(std::span<const Pair> pairs) {
  constexpr std::size_t share = 16;
  std::array<std::size_t, 129> count{};
  for (const Pair& pair : pairs) ++count[shorter(pair)];
  std::vector<std::uint8_t> out;
  for (std::size_t length = 1; length < count.size(); ++length)
    if (count[length] * share >= pairs.size()) out.push_back(static_cast<std::uint8_t>(length));
  return out;
}

std::uint16_t attribute_of(Family family) {
  return family == Family::ipv4 ? XFRMA_SPD_IPV4_HTHRESH : XFRMA_SPD_IPV6_HTHRESH;
}

template <class Value>
struct Wanted {
  std::uint16_t type;
  std::optional<Value> value;
};

template <class Value>
int pick(const nlattr* attribute, void* out) {
  auto& wanted = *static_cast<Wanted<Value>*>(out);
  if (::mnl_attr_get_type(attribute) != wanted.type ||
      ::mnl_attr_get_payload_len(attribute) < sizeof(Value))
    return MNL_CB_OK;
  std::memcpy(&wanted.value.emplace(), ::mnl_attr_get_payload(attribute), sizeof(Value));
  return MNL_CB_STOP;
}

template <class Value>
std::optional<Value> value_of(const nlmsghdr& message, std::uint16_t type) {
  Wanted<Value> wanted{type, std::nullopt};
  if (message.nlmsg_type != XFRM_MSG_NEWSPDINFO) return std::nullopt;
  static_cast<void>(::mnl_attr_parse(&message, sizeof(std::uint32_t), pick<Value>, &wanted));
  return wanted.value;
}

}  // namespace

HashLengths default_hash_lengths(Family family) {
  const auto host = static_cast<std::uint8_t>(address_size(family) * 8);
  return {host, host};
}

std::optional<std::uint8_t> best_hash_length(std::span<const Selector> selectors) {
  if (selectors.size() < least_hashed) return std::nullopt;
  constexpr std::uint64_t most_added = 32;  // for each line
  constexpr std::uint64_t least_gain = 4;
  std::vector<Pair> pairs;
  pairs.reserve(selectors.size());
  for (const Selector& s : selectors) pairs.emplace_back(s.source, s.destination);
  const auto host = default_hash_lengths(pairs.front().first.address.family).near;
  std::uint64_t least = cost_of(pairs, host).all / least_gain;
  std::optional<std::uint8_t> best;
  for (const auto length : candidates(pairs)) {
    if (length >= host) continue;
    const Cost cost = cost_of(pairs, length);
    if (cost.all > least || cost.added > most_added * pairs.size()) continue;
    least = cost.all;
    best = length;
  }
  return best;
}

void ask_hash_lengths(Request& request) {
  request.start(XFRM_MSG_GETSPDINFO);
  static_cast<void>(request.fixed<std::uint32_t>());
}

std::optional<HashLengths> read_hash_lengths(const nlmsghdr& message, Family family) {
  const auto found = value_of<xfrmu_spdhthresh>(message, attribute_of(family));
  if (!found) return std::nullopt;
  return HashLengths{found->lbits, found->rbits};
}

std::optional<std::uint32_t> read_policy_count(const nlmsghdr& message) {
  const auto found = value_of<xfrmu_spdinfo>(message, XFRMA_SPD_INFO);
  if (!found) return std::nullopt;
  return found->incnt + found->outcnt + found->fwdcnt;
}

void set_hash_lengths(Request& request, Family family, HashLengths lengths) {
  request.start(XFRM_MSG_NEWSPDINFO);
  static_cast<void>(request.fixed<std::uint32_t>());
  xfrmu_spdhthresh value{};
  value.lbits = lengths.near;
  value.rbits = lengths.far;
  request.attribute(attribute_of(family), value);
}

}  // namespace xfrm
