// SPDX-License-Identifier: GPL-2.0-or-later
#include "xfrm/plane/state_choice.h"

#include <algorithm>

#include "xfrm/base/contains.h"

namespace xfrm {

bool wants(const SaSpec& sa, Direction direction) {
  return direction == Direction::inbound ? sa.receive : sa.send;
}

std::map<KeyClass, std::uint32_t> used_outbound(const Desired& desired) {
  std::map<KeyClass, std::uint32_t> out;
  for (const KeptSa& kept : desired.kept)
    if (kept.outbound) out[kept.key_class] = kept.spi;
  for (const SaSpec& sa : desired.sas)
    if (sa.send) out[sa.key_class] = sa.spi;
  return out;
}

std::vector<const SaSpec*> to_add(const Desired& desired, Direction direction) {
  std::vector<const SaSpec*> out;
  std::map<KeyClass, const SaSpec*> last;
  for (const SaSpec& sa : desired.sas) {
    if (!wants(sa, direction)) continue;
    if (direction == Direction::inbound) out.push_back(&sa);
    last[sa.key_class] = &sa;
  }
  if (direction == Direction::outbound)
    for (const auto& [key_class, sa] : last) out.push_back(sa);
  return out;
}

std::vector<std::uint32_t> sending_spis(const Desired& desired) {
  std::vector<std::uint32_t> out;
  for (const SaSpec& sa : desired.sas)
    if (sa.send) out.push_back(sa.spi);
  for (const KeptSa& kept : desired.kept)
    if (kept.outbound && !contains(out, kept.spi)) out.push_back(kept.spi);
  return out;
}

const SaSpec* find_sa(std::span<const SaSpec> sas, std::uint32_t spi) {
  const auto at =
      std::find_if(sas.begin(), sas.end(), [&](const SaSpec& sa) { return sa.spi == spi; });
  return at == sas.end() ? nullptr : &*at;
}

const InstalledState* find_state(const std::vector<InstalledState>& states,
                                 const Address& destination, std::uint32_t spi) {
  const auto at = std::find_if(states.begin(), states.end(), [&](const InstalledState& state) {
    return state.is(destination, spi);
  });
  return at == states.end() ? nullptr : &*at;
}

std::uint64_t next_order(const std::vector<InstalledState>& states) {
  std::uint64_t out = 1;
  for (const InstalledState& state : states) out = std::max(out, state.order + 1);
  return out;
}

}  // namespace xfrm
