// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/holdings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace agent {
namespace {

// Candidate is a TEK as it will be held if the data plane agrees.
struct Candidate {
  const HeldTek* held;
  Instant expires;
  bool current;
};

TekUse use_of(const Candidate& candidate, Instant now) noexcept {
  const auto& tek = candidate.held->tek;
  const auto direction = tek.policy.direction;
  return TekUse{
      &tek, whole_seconds_until(candidate.expires, now),
      direction != gdoi::SaDirection::sender_only,
      direction != gdoi::SaDirection::receiver_only && candidate.held->usable_from <= now};
}

// The last TEK with `send` is the one to send on: so those kept from before come first, then those
// of the policy in force, the longest lasting one last.
Installation installation_of(std::span<const gdoi::AccessEntry> entries,
                             std::vector<Candidate> teks, Instant now) {
  std::sort(teks.begin(), teks.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.current, a.expires, a.held->tek.spi) <
           std::tie(b.current, b.expires, b.held->tek.spi);
  });
  Installation out{entries, {}};
  for (const auto& candidate : teks)
    if (candidate.expires > now) out.teks.push_back(use_of(candidate, now));
  return out;
}

bool same_keys(const gdoi::Tek& a, const gdoi::Tek& b) noexcept {
  return a.cipher_key.equals(b.cipher_key.view()) && a.integrity_key.equals(b.integrity_key.view());
}

const HeldTek* find_in(std::span<const HeldTek> teks, gdoi::Spi spi) noexcept {
  const auto found = std::find_if(teks.begin(), teks.end(),
                                  [&](const HeldTek& held) { return held.tek.spi == spi; });
  return found == teks.end() ? nullptr : &*found;
}

// candidates_of joins the new TEKs and those kept from before. RFC 6407 section 5.4.2: replaced SAs
// go after the deactivation delay, if there is one.
std::vector<Candidate> candidates_of(std::span<const HeldTek> fresh, std::span<const HeldTek> old,
                                     std::optional<seconds> deactivation_delay, Instant now) {
  std::vector<Candidate> out;
  for (const auto& held : fresh) out.push_back({&held, held.expires, true});
  for (const auto& held : old) {
    if (find_in(fresh, held.tek.spi) != nullptr) continue;
    auto expires = held.expires;
    if (held.current && deactivation_delay) expires = std::min(expires, now + *deactivation_delay);
    out.push_back({&held, expires, false});
  }
  return out;
}

}  // namespace

const HeldTek* Holdings::find(gdoi::Spi spi) const noexcept { return find_in(teks_, spi); }

std::vector<HeldTek> Holdings::take_teks(gdoi::GroupPolicy& policy, Instant now) const {
  const Changeover changeover{Predecessor{entries_, teks_}, now};
  std::vector<HeldTek> out;
  for (auto& tek : policy.teks) {
    HeldTek held{{}, now + tek.policy.lifetime, now, true};
    if (const auto* known = find(tek.spi)) {
      // The kernel's state keeps the life it was made with; a shorter one is ours to enforce.
      held.expires = std::min(held.expires, known->expires);
      held.usable_from = known->usable_from;
    } else {
      held.usable_from = changeover.first_use(tek, policy.entries, policy.activation_delay);
    }
    held.tek = std::move(tek);
    out.push_back(std::move(held));
  }
  return out;
}

Result<void> Holdings::install(gdoi::GroupPolicy policy, const gdoi::Endpoint& from,
                               DataPlane& plane, Instant now) {
  for (const auto& tek : policy.teks)
    if (const auto* known = find(tek.spi); known != nullptr && !same_keys(known->tek, tek))
      return fail(
          fmt::format("TEK 0x{:08X}: other keys under an SPI that is in use", tek.spi.value));

  auto teks = take_teks(policy, now);
  const auto candidates = candidates_of(teks, teks_, policy.deactivation_delay, now);
  if (auto applied = plane.apply(installation_of(policy.entries, candidates, now)); !applied)
    return applied;

  const auto fresh_count = teks.size();
  teks.reserve(candidates.size());
  for (std::size_t i = fresh_count; i < candidates.size(); ++i) {
    if (candidates[i].expires <= now) continue;
    auto& old = teks_[static_cast<std::size_t>(candidates[i].held - teks_.data())];
    teks.push_back(HeldTek{std::move(old.tek), candidates[i].expires, old.usable_from, false});
  }
  teks_ = std::move(teks);
  entries_ = std::move(policy.entries);
  kek_ = std::move(policy.kek);
  if (kek_) kek_expires_ = now + kek_->policy.lifetime;
  from_ = from;
  seen_ = now;
  pending_ = false;
  return {};
}

Holdings::Woken Holdings::wake(DataPlane& plane, Instant now) {
  Woken woken;
  const auto due = deadline();
  if (!due || now < *due) return woken;

  const bool changes_over = std::any_of(teks_.begin(), teks_.end(), [&](const HeldTek& held) {
    return held.usable_from > seen_ && held.usable_from <= now;
  });
  for (const auto& held : teks_)
    if (held.expires <= now) woken.expired.push_back(held.tek.spi);
  teks_.erase(std::remove_if(teks_.begin(), teks_.end(),
                             [now](const HeldTek& held) { return held.expires <= now; }),
              teks_.end());
  seen_ = now;
  pending_ = pending_ || changes_over || !woken.expired.empty();

  std::vector<Candidate> all;
  for (const auto& held : teks_) all.push_back({&held, held.expires, held.current});
  woken.applied = plane.apply(installation_of(entries_, std::move(all), now));
  if (woken.applied)
    pending_ = false;
  else
    retry_at_ = now + retry_pause;
  return woken;
}

std::optional<Instant> Holdings::deadline() const noexcept {
  std::optional<Instant> first;
  const auto consider = [&first](Instant when) { first = std::min(first.value_or(when), when); };
  for (const auto& held : teks_) {
    consider(held.expires);
    if (held.usable_from > seen_) consider(held.usable_from);
  }
  if (pending_) consider(retry_at_);
  return first;
}

}  // namespace agent
