// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/kernel/applied_states.h"

#include <algorithm>

namespace agent {
namespace {

const xfrm::SaSpec* find(const xfrm::Desired& desired, std::uint32_t spi) {
  const auto at = std::find_if(desired.sas.begin(), desired.sas.end(),
                               [&](const xfrm::SaSpec& sa) { return sa.spi == spi; });
  return at == desired.sas.end() ? nullptr : &*at;
}

bool keeps(const xfrm::Desired& desired, std::uint32_t spi, bool outbound) {
  return std::any_of(desired.kept.begin(), desired.kept.end(), [&](const xfrm::KeptSa& kept) {
    return kept.spi == spi && kept.outbound == outbound;
  });
}

// why_not says why a TEK has no outbound state.
NotSent why_not(const TekUse& use, const xfrm::SaSpec* sa, const TranslateOptions& options) {
  if (use.tek->policy.direction == gdoi::SaDirection::receiver_only) return NotSent::receive_only;
  if (sa == nullptr) return NotSent::no_entry;
  if (options.passive) return NotSent::passive;
  if (gdoi::is_counter_mode(use.tek->policy.transform) && !options.send_counter_modes)
    return NotSent::counter_mode;
  return use.send ? NotSent::superseded : NotSent::not_yet;
}

}  // namespace

void AppliedStates::found(const std::vector<xfrm::ExistingSa>& sas) {
  outbound_.clear();
  inbound_.clear();
  for (const auto& sa : sas) {
    if (sa.outbound)
      outbound_.push_back({sa.spi, sa.key_class});
    else
      inbound_[sa.spi] = sa.replay_window;
  }
}

// follow_outbound: of a class the last one with `send` is added, if it is not there; those that
// were added after it are removed, and so are those that nobody wants any more, and those added
// before it when that is asked for.
void AppliedStates::follow_outbound(const xfrm::Desired& desired) {
  std::erase_if(outbound_, [&](const Sender& sender) {
    const auto* sa = find(desired, sender.spi);
    return !(sa != nullptr && sa->send) && !keeps(desired, sender.spi, true);
  });
  std::map<xfrm::KeyClass, std::uint32_t> used;
  for (const auto& kept : desired.kept)
    if (kept.outbound) used[kept.key_class] = kept.spi;
  for (const auto& sa : desired.sas)
    if (sa.send) used[sa.key_class] = sa.spi;
  for (const auto& [key_class, spi] : used) {
    const auto at =
        std::find_if(outbound_.begin(), outbound_.end(),
                     [&, one = spi](const Sender& sender) { return sender.spi == one; });
    if (at == outbound_.end()) {
      if (find(desired, spi) != nullptr) outbound_.push_back({spi, key_class});
      continue;
    }
    outbound_.erase(std::remove_if(at + 1, outbound_.end(),
                                   [&, its = key_class](const Sender& sender) {
                                     return sender.key_class == its;
                                   }),
                    outbound_.end());
  }
  if (!desired.remove_superseded) return;
  std::erase_if(used, [&](const auto& one) { return !sends(gdoi::Spi{one.second}); });
  std::erase_if(outbound_, [&](const Sender& sender) {
    const auto at = used.find(sender.key_class);
    return at != used.end() && at->second != sender.spi;
  });
}

// follow_inbound: a state that is there keeps the replay window it was made with.
void AppliedStates::follow_inbound(const xfrm::Desired& desired) {
  std::erase_if(inbound_, [&](const auto& state) {
    const auto* sa = find(desired, state.first);
    return !(sa != nullptr && sa->receive) && !keeps(desired, state.first, false);
  });
  const bool nobody = desired.sender_windows && desired.senders.empty();
  for (const auto& sa : desired.sas)
    if (sa.receive)
      inbound_.try_emplace(sa.spi, nobody && !sa.extended_sequence ? 0 : sa.replay_window);
}

bool AppliedStates::sends(gdoi::Spi spi) const {
  return std::any_of(outbound_.begin(), outbound_.end(),
                     [&](const Sender& sender) { return sender.spi == spi.value; });
}

std::optional<gdoi::Spi> AppliedStates::sender(xfrm::KeyClass key_class) const {
  const auto at = std::find_if(outbound_.rbegin(), outbound_.rend(),
                               [&](const Sender& one) { return one.key_class == key_class; });
  return at == outbound_.rend() ? std::nullopt : std::optional{gdoi::Spi{at->spi}};
}

AppliedTek AppliedStates::tek_of(const TekUse& use, const xfrm::Desired& desired,
                                 const TranslateOptions& options) const {
  const auto spi = use.tek->spi;
  AppliedTek out{spi, false, sends(spi), 0, {}};
  if (const auto at = inbound_.find(spi.value); at != inbound_.end()) {
    out.receive = true;
    out.replay_window = at->second;
  }
  if (!out.send) out.not_sent = why_not(use, find(desired, spi.value), options);
  return out;
}

Applied AppliedStates::record(const Installation& installation, const xfrm::Desired& desired,
                              const TranslateOptions& options) {
  follow_outbound(desired);
  follow_inbound(desired);
  Applied out{installation.mode, {}};
  for (const auto& use : installation.teks) out.teks.push_back(tek_of(use, desired, options));
  for (const auto& [spi, window] : inbound_)
    if (find(desired, spi) == nullptr)
      out.teks.push_back({gdoi::Spi{spi}, true, sends(gdoi::Spi{spi}), window, {}});
  return out;
}

}  // namespace agent
