// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/rollover/model_kernel.h"

#include <algorithm>

namespace rollover {
namespace {

bool holds(const xfrm::Prefix& prefix, const gdoi::Address& address) {
  for (std::size_t bit = 0; bit < prefix.length; ++bit) {
    const auto mask = std::byte{0x80} >> (bit % 8);
    if ((prefix.address.bytes[bit / 8] & mask) != (address.bytes[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

ModelKernel::State* ModelKernel::find(std::uint32_t spi, bool outbound) {
  const auto found = std::find_if(states_.begin(), states_.end(), [&](const State& state) {
    return state.spi == spi && state.outbound == outbound;
  });
  return found == states_.end() ? nullptr : &*found;
}

void ModelKernel::add(const xfrm::SaSpec& sa, bool outbound, Instant now) {
  const gdoi::Bytes key(sa.cipher_key.begin(), sa.cipher_key.end());
  if (const auto* there = find(sa.spi, outbound)) {
    if (there->key == key) return;  // it stays as it is, its end included
    std::erase_if(states_, [&](const State& state) { return &state == there; });
  }
  states_.push_back(
      {sa.spi, sa.key_class, outbound, key, now + seconds{sa.lifetime_seconds}, ++order_});
}

void ModelKernel::apply(const xfrm::Desired& desired, Instant now) {
  expire(now);
  entries_ = desired.entries;
  std::map<xfrm::KeyClass, const xfrm::SaSpec*> senders;
  for (const auto& sa : desired.sas) {
    if (sa.receive) add(sa, false, now);
    if (sa.send) senders[sa.key_class] = &sa;
  }
  std::map<xfrm::KeyClass, std::uint32_t> used;
  for (const auto& kept : desired.kept)
    if (kept.outbound) used[kept.key_class] = kept.spi;
  for (const auto& [key_class, sa] : senders) {
    add(*sa, true, now);
    used[key_class] = sa->spi;
  }
  const auto wanted = [&](const State& state) {
    for (const auto& sa : desired.sas)
      if (sa.spi == state.spi && (state.outbound ? sa.send : sa.receive)) return true;
    for (const auto& kept : desired.kept)
      if (kept.spi == state.spi && kept.outbound == state.outbound) return true;
    return false;
  };
  const auto in_the_way = [&](const State& state) {
    const auto at = used.find(state.key_class);
    if (!state.outbound || at == used.end()) return false;
    const auto* one = find(at->second, true);
    return one != nullptr && &state != one &&
           (desired.remove_superseded || state.order > one->order);
  };
  std::vector<State> left;
  for (const auto& state : states_)
    if (wanted(state) && !in_the_way(state)) left.push_back(state);
  states_ = std::move(left);
}

void ModelKernel::clear() {
  entries_.clear();
  states_.clear();
}

void ModelKernel::expire(Instant now) {
  std::erase_if(states_, [now](const State& state) { return state.expires <= now; });
}

ModelKernel::Verdict ModelKernel::send(const gdoi::Address& from, const gdoi::Address& to,
                                       Instant now) const {
  using Action = xfrm::Entry::Action;
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [&](const xfrm::Entry& one) {
    return one.selector.protocol == 0 && holds(one.selector.source, from) &&
           holds(one.selector.destination, to);
  });
  if (entry == entries_.end() || entry->action == Action::bypass ||
      entry->action == Action::protect_inbound_optional)
    return {Verdict::Kind::clear, nullptr};
  if (entry->action == Action::discard) return {Verdict::Kind::dropped, nullptr};
  const State* newest = nullptr;
  for (const auto& state : states_)
    if (state.outbound && state.key_class == entry->key_class && state.expires > now &&
        (newest == nullptr || state.order > newest->order))
      newest = &state;
  if (newest == nullptr) return {Verdict::Kind::dropped, nullptr};
  return {Verdict::Kind::encrypted, newest};
}

bool ModelKernel::decrypts(const State& sent, Instant now) const {
  return std::any_of(states_.begin(), states_.end(), [&](const State& state) {
    return !state.outbound && state.spi == sent.spi && state.key == sent.key && state.expires > now;
  });
}

agent::Result<agent::Applied> ModelPlane::apply(const agent::Installation& installation) {
  if (refusals > 0) {
    refusals -= 1;
    if (refused) refused();
    return agent::fail("the kernel has a bad day");
  }
  auto translation = agent::translate(installation, classes_, {});
  if (!translation) return tl::unexpected<agent::Error>{translation.error()};
  if (before) before();
  kernel_.apply(translation->desired, now_);
  classes_ = std::move(translation->classes);
  if (applied) applied(installation);
  return states_.record(installation, translation->desired, {});
}

agent::Result<void> ModelPlane::clear() {
  kernel_.clear();
  classes_ = {};
  states_ = {};
  return {};
}

agent::Result<agent::ExistingState> ModelPlane::survey() {
  kernel_.expire(now_);
  agent::ExistingState out;
  out.has_policy = kernel_.has_list();
  std::map<gdoi::Spi, xfrm::KeyClass> classes;
  for (const auto& state : kernel_.states()) {
    out.teks.push_back(
        {gdoi::Spi{state.spi}, state.outbound, std::chrono::floor<seconds>(state.expires - now_)});
    classes.emplace(gdoi::Spi{state.spi}, state.key_class);
  }
  classes_ = agent::KeyClasses::found(std::move(classes));
  std::vector<xfrm::ExistingSa> sas;
  for (const auto& state : kernel_.states())
    sas.push_back({state.spi, state.key_class, state.outbound, std::nullopt});
  states_.found(sas);
  return out;
}

}  // namespace rollover
