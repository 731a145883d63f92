// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/ipsec/presumed_sent.h"

#include <algorithm>

namespace xfrm {
namespace {

// growth_in is by how much the number grows in that many last seconds of a life.
constexpr std::uint64_t growth_in(std::uint32_t seconds) {
  std::uint64_t out = 0;
  std::uint32_t from = 0;
  for (const auto& [up_to, rate] : sequence_growth) {
    const std::uint32_t until = std::min(seconds, up_to);
    if (until <= from) break;
    out += std::uint64_t{until - from} * rate;
    from = up_to;
  }
  return out;
}

constexpr std::uint64_t most_presumed = growth_in(~std::uint32_t{0});
static_assert(most_presumed <= std::uint64_t{1} << 31);

}  // namespace

std::uint32_t presumed_sent(std::uint32_t remaining_seconds) {
  if (remaining_seconds == 0) return 0;
  return static_cast<std::uint32_t>(most_presumed - growth_in(remaining_seconds));
}

}  // namespace xfrm
