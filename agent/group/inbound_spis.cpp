// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/inbound_spis.h"

#include <algorithm>

namespace agent {

InboundSpis::Holder::Holder(InboundSpis& spis, std::string group,
                            std::vector<std::string> interfaces)
    : spis_{spis}, group_{std::move(group)}, interfaces_{std::move(interfaces)} {
  spis_.holders_.push_back(this);
}

InboundSpis::Holder::~Holder() { spis_.holders_.remove(this); }

void InboundSpis::Holder::hold(std::vector<gdoi::Spi> received) { received_ = std::move(received); }

std::optional<std::string> InboundSpis::Holder::competitor(gdoi::Spi spi) const {
  for (const auto* other : spis_.holders_) {
    if (other == this) continue;
    const auto& theirs = other->interfaces_;
    const bool same_wan = std::find_first_of(theirs.begin(), theirs.end(), interfaces_.begin(),
                                             interfaces_.end()) != theirs.end();
    const auto& received = other->received_;
    if (same_wan && std::find(received.begin(), received.end(), spi) != received.end())
      return other->group_;
  }
  return std::nullopt;
}

}  // namespace agent
