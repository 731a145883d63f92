// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/holdings.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

namespace agent {
namespace {

bool may_send(const gdoi::Tek& tek) noexcept {
  return tek.policy.direction != gdoi::SaDirection::receiver_only;
}

bool may_receive(const gdoi::Tek& tek) noexcept {
  return tek.policy.direction != gdoi::SaDirection::sender_only;
}

bool same_keys(const gdoi::Tek& a, const gdoi::Tek& b) noexcept {
  return a.cipher_key.equals(b.cipher_key.view()) && a.integrity_key.equals(b.integrity_key.view());
}

const HeldTek* find_in(std::span<const HeldTek> teks, gdoi::Spi spi) noexcept {
  const auto found = std::find_if(teks.begin(), teks.end(),
                                  [&](const HeldTek& held) { return held.tek.spi == spi; });
  return found == teks.end() ? nullptr : &*found;
}

std::vector<gdoi::Spi> receive_only_of(const gdoi::GroupPolicy& policy) {
  std::vector<gdoi::Spi> out;
  for (const auto& tek : policy.teks)
    if (!may_send(tek)) out.push_back(tek.spi);
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

const HeldTek* Holdings::find(gdoi::Spi spi) const noexcept { return find_in(teks_, spi); }

bool Holdings::receives(gdoi::Spi spi) const noexcept {
  const auto* held = find(spi);
  return (held != nullptr && may_receive(held->tek)) || find_adopted(spi, false) != nullptr;
}

const Holdings::Adopted* Holdings::find_adopted(gdoi::Spi spi, bool outbound) const noexcept {
  const auto at = std::find_if(adopted_.begin(), adopted_.end(), [&](const Adopted& adopted) {
    return adopted.found.spi == spi && adopted.found.outbound == outbound;
  });
  return at == adopted_.end() ? nullptr : &*at;
}

void Holdings::adopt(const Found& found, Instant now) {
  adopted_.clear();
  for (const auto& tek : found.teks) adopted_.push_back({tek, now + tek.remaining});
  seen_ = now;
}

Result<void> Holdings::close(DataPlane& plane) {
  Installation nothing;
  nothing.mode = Installation::Mode::closed;
  if (auto applied = plane.apply(nothing); !applied) return applied;
  entries_.clear();
  shadowed_.clear();
  sender_ids_.reset();
  receive_only_.clear();
  teks_.clear();
  adopted_.clear();
  from_.reset();
  closed_ = true;
  pending_ = false;
  return {};
}

Result<void> Holdings::check_keys(const gdoi::GroupPolicy& policy) const {
  for (const auto& tek : policy.teks)
    if (const auto* known = find(tek.spi); known != nullptr && !same_keys(known->tek, tek))
      return fail(
          fmt::format("TEK 0x{:08X}: other keys under an SPI that is in use", tek.spi.value));
  return {};
}

// takes_from_use tells whether a TEK that we send on is deleted.
bool Holdings::takes_from_use(const gdoi::Deletes& deletes, Instant now) const {
  return std::any_of(teks_.begin(), teks_.end(), [&](const HeldTek& held) {
    return may_send(held.tek) && held.usable_from <= now && deletes.names_tek(held.tek.spi);
  });
}

// serving lists the TEKs whose lines have something to be sent on, and until when. One that is yet
// to be used counts to its own end as long as the key server gives it to everybody.
std::vector<SentTek> Holdings::serving(const gdoi::GroupPolicy& next, const gdoi::Deletes& deletes,
                                       Instant now) const {
  const bool backing_counts = !takes_from_use(deletes, now);
  std::vector<SentTek> out;
  for (const auto& held : teks_) {
    if (!may_send(held.tek) || deletes.names_tek(held.tek.spi)) continue;
    const bool named = std::any_of(next.teks.begin(), next.teks.end(),
                                   [&](const gdoi::Tek& tek) { return tek.spi == held.tek.spi; });
    if (held.usable_from <= now || (backing_counts && named))
      out.push_back({held.tek.spi, held.expires});
    else if (backing_counts)
      out.push_back({held.tek.spi, held.backed_until});
  }
  for (const auto& adopted : adopted_)
    if (adopted.found.outbound && !deletes.names_tek(adopted.found.spi))
      out.push_back({adopted.found.spi, adopted.expires});
  return out;
}

std::vector<HeldTek> Holdings::take_teks(gdoi::GroupPolicy& policy, const gdoi::Deletes& deletes,
                                         Instant now) const {
  // What a predecessor sent on served the lines that we do not know; they will hardly be others.
  const Changeover changeover{
      {from_ ? std::span{entries_} : std::span{policy.entries}, serving(policy, deletes, now)},
      policy,
      now};
  std::vector<HeldTek> out;
  for (auto& tek : policy.teks) {
    HeldTek held{{}, now + tek.policy.lifetime, now, now, true};
    const auto* known = find(tek.spi);
    const auto* inbound = find_adopted(tek.spi, false);
    const auto* outbound = find_adopted(tek.spi, true);
    // The kernel's state keeps the life it was made with; a shorter one is ours to enforce.
    for (const auto* adopted : {inbound, outbound})
      if (adopted != nullptr) held.expires = std::min(held.expires, adopted->expires);
    if (known != nullptr) {
      held.expires = std::min(held.expires, known->expires);
      held.usable_from = takes_from_use(deletes, now) ? now : known->usable_from;
      held.backed_until = known->backed_until;
    } else if (outbound == nullptr) {
      const auto use = changeover.first_use(tek, policy);
      held.usable_from = use.from;
      held.backed_until = use.backed_until;
    }
    held.tek = std::move(tek);
    out.push_back(std::move(held));
  }
  return out;
}

// plan joins the new TEKs and those kept from before. RFC 6407 section 5.4.2: replaced SAs go after
// the deactivation delay, if there is one.
Holdings::Plan Holdings::plan(gdoi::GroupPolicy& policy, const gdoi::Deletes& deletes,
                              Instant now) const {
  Plan out;
  out.fresh = take_teks(policy, deletes, now);
  for (const auto& held : out.fresh)
    out.candidates.push_back({&held, held.expires, held.usable_from, true});
  for (const auto& held : teks_) {
    if (deletes.names_tek(held.tek.spi) || find_in(out.fresh, held.tek.spi) != nullptr) continue;
    auto expires = held.expires;
    if (held.current && policy.deactivation_delay)
      expires = std::min(expires, now + *policy.deactivation_delay);
    out.candidates.push_back({&held, expires, held.usable_from, false});
  }
  for (const auto& adopted : adopted_) {
    const auto spi = adopted.found.spi;
    if (adopted.found.outbound || deletes.names_tek(spi) || find_in(out.fresh, spi) != nullptr)
      continue;
    out.adopted.push_back(adopted);
  }
  return out;
}

Holdings::Plan Holdings::everything() const {
  Plan out;
  for (const auto& held : teks_)
    out.candidates.push_back({&held, held.expires, held.usable_from, held.current});
  out.adopted = adopted_;
  return out;
}

// tell: the last TEK with `send` is the one to send on, so those kept from before come first, then
// those of the policy in force, the longest lasting one last.
Result<void> Holdings::tell(DataPlane& plane, std::span<const gdoi::AccessEntry> entries,
                            std::span<const gdoi::Spi> receive_only, Plan plan, Instant now) {
  auto& teks = plan.candidates;
  std::sort(teks.begin(), teks.end(), [](const Candidate& a, const Candidate& b) {
    return std::tie(a.current, a.expires, a.held->tek.spi) <
           std::tie(b.current, b.expires, b.held->tek.spi);
  });
  Installation out;
  out.entries = entries;
  out.receive_only = receive_only;
  for (const auto& [held, expires, usable_from, current] : teks) {
    if (expires <= now) continue;
    out.teks.push_back({&held->tek, whole_seconds_until(expires, now), may_receive(held->tek),
                        may_send(held->tek) && usable_from <= now});
  }
  std::vector<FoundTek> kept;
  for (const auto& adopted : plan.adopted)
    if (adopted.expires > now) kept.push_back(adopted.found);
  out.kept = kept;
  return plane.apply(out);
}

// keep makes a plan that the data plane agreed to what is held.
void Holdings::keep(Plan plan, Instant now) {
  const auto fresh_count = plan.fresh.size();
  auto teks = std::move(plan.fresh);
  teks.reserve(plan.candidates.size());
  for (std::size_t i = fresh_count; i < plan.candidates.size(); ++i) {
    const auto& kept = plan.candidates[i];
    if (kept.expires <= now) continue;
    auto& old = teks_[static_cast<std::size_t>(kept.held - teks_.data())];
    teks.push_back(HeldTek{std::move(old.tek), kept.expires, kept.usable_from, old.backed_until,
                           kept.current});
  }
  teks_ = std::move(teks);
  adopted_ = std::move(plan.adopted);
  std::erase_if(adopted_, [now](const Adopted& adopted) { return adopted.expires <= now; });
  seen_ = now;
  pending_ = false;
}

Result<void> Holdings::replace(gdoi::GroupPolicy& policy, const gdoi::Deletes& deletes,
                               DataPlane& plane, Instant now) {
  if (auto fine = check_keys(policy); !fine) return fine;
  auto planned = plan(policy, deletes, now);
  auto receive_only = receive_only_of(policy);
  Plan shown{{}, planned.candidates, planned.adopted};
  if (auto told = tell(plane, policy.entries, receive_only, std::move(shown), now); !told)
    return told;
  keep(std::move(planned), now);
  if (entries_ != policy.entries) shadowed_ = shadowed_entries(policy.entries);
  entries_ = std::move(policy.entries);
  receive_only_ = std::move(receive_only);
  closed_ = false;
  return {};
}

Result<void> Holdings::install(gdoi::GroupPolicy policy, const gdoi::Endpoint& from,
                               DataPlane& plane, Instant now) {
  if (auto replaced = replace(policy, {}, plane, now); !replaced) return replaced;
  sender_ids_ = std::move(policy.sender_ids);
  from_ = from;
  return {};
}

Result<void> Holdings::rekey(gdoi::Rekey rekey, DataPlane& plane, Instant now) {
  if (rekey.policy && rekey.replaces_list) return replace(*rekey.policy, rekey.deletes, plane, now);
  auto left = everything();
  std::erase_if(left.candidates, [&](const Candidate& candidate) {
    return rekey.deletes.names_tek(candidate.held->tek.spi);
  });
  std::erase_if(left.adopted,
                [&](const Adopted& adopted) { return rekey.deletes.names_tek(adopted.found.spi); });
  if (left.candidates.size() == teks_.size() && left.adopted.size() == adopted_.size()) return {};
  if (takes_from_use(rekey.deletes, now))
    for (auto& candidate : left.candidates)
      candidate.usable_from = std::min(candidate.usable_from, now);
  Plan shown{{}, left.candidates, left.adopted};
  if (auto told = tell(plane, entries_, receive_only_, std::move(shown), now); !told) return told;
  keep(std::move(left), now);
  return {};
}

Result<void> Holdings::drop_teks(DataPlane& plane, Instant now) {
  // Of a predecessor's list, before the first one of ours, we do not know the lines.
  if (closed_ || !from_) return {};
  if (auto told = tell(plane, entries_, receive_only_, {}, now); !told) return told;
  keep({}, now);
  return {};
}

Result<void> Holdings::reapply(DataPlane& plane, Instant now) {
  if (closed_) return close(plane);
  if (!from_) return {};
  auto told = tell(plane, entries_, receive_only_, everything(), now);
  pending_ = !told;
  if (pending_) retry_at_ = now + retry_pause;
  return told;
}

Holdings::Woken Holdings::wake(DataPlane& plane, Instant now) {
  Woken woken;
  const auto due = deadline();
  if (!due || now < *due) return woken;

  const bool had_some = !teks_.empty() || !adopted_.empty();
  for (const auto& held : teks_)
    if (held.expires <= now) woken.expired.push_back(held.tek.spi);
  std::erase_if(teks_, [now](const HeldTek& held) { return held.expires <= now; });
  std::erase_if(adopted_, [now](const Adopted& adopted) { return adopted.expires <= now; });
  woken.ran_out = had_some && teks_.empty() && adopted_.empty();
  seen_ = now;
  woken.applied = reapply(plane, now);
  return woken;
}

std::optional<Instant> Holdings::deadline() const noexcept {
  std::optional<Instant> first;
  const auto consider = [&first](Instant when) { first = std::min(first.value_or(when), when); };
  for (const auto& held : teks_) {
    consider(held.expires);
    if (held.usable_from > seen_) consider(held.usable_from);
  }
  for (const auto& adopted : adopted_) consider(adopted.expires);
  if (pending_) consider(retry_at_);
  return first;
}

}  // namespace agent
