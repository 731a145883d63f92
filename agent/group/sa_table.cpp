// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/sa_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "agent/base/timers.h"

namespace agent {
namespace {

const TekEntry* find_in(std::span<const TekEntry> teks, gdoi::Spi spi) noexcept {
  const auto found = std::find_if(teks.begin(), teks.end(),
                                  [&](const TekEntry& entry) { return entry.tek->spi == spi; });
  return found == teks.end() ? nullptr : &*found;
}

// applied_of is what a predecessor's states do: its halves of TEKs, joined.
Applied applied_of(const ExistingState& existing) {
  Applied out;
  if (existing.has_policy) out.mode = Installation::Mode::list;
  for (const auto& sa : existing.teks) {
    auto at = std::find_if(out.teks.begin(), out.teks.end(),
                           [&](const AppliedTek& tek) { return tek.spi == sa.spi; });
    if (at == out.teks.end()) at = out.teks.insert(at, AppliedTek{sa.spi, false, false, 0, {}});
    (sa.outbound ? at->send : at->receive) = true;
    if (!sa.outbound) at->replay_window = sa.replay_window;
  }
  return out;
}

}  // namespace

std::vector<gdoi::Spi> SaTable::receive_only_of(const gdoi::GroupPolicy& policy) {
  std::vector<gdoi::Spi> out;
  for (const auto& tek : policy.teks)
    if (!may_send(tek)) out.push_back(tek.spi);
  std::sort(out.begin(), out.end());
  return out;
}

const TekEntry* SaTable::find(gdoi::Spi spi) const noexcept { return find_in(teks(), spi); }

bool SaTable::receives(gdoi::Spi spi) const noexcept {
  const auto* entry = find(spi);
  return (entry != nullptr && may_receive(*entry->tek)) || find_adopted(spi, false) != nullptr;
}

const SaTable::Adopted* SaTable::find_adopted(gdoi::Spi spi, bool outbound) const noexcept {
  const auto& all = content_.adopted;
  const auto at = std::find_if(all.begin(), all.end(), [&](const Adopted& adopted) {
    return adopted.sa.spi == spi && adopted.sa.outbound == outbound;
  });
  return at == all.end() ? nullptr : &*at;
}

void SaTable::adopt(const ExistingState& existing, Instant now) {
  content_.adopted.clear();
  for (const auto& sa : existing.teks) content_.adopted.push_back({sa, now + sa.remaining});
  applied_ = applied_of(existing);
  adopted_several_ = std::count_if(existing.teks.begin(), existing.teks.end(),
                                   [](const ExistingSa& sa) { return sa.outbound; }) > 1;
  seen_ = now;
}

Result<void> SaTable::close(DataPlane& plane) {
  Installation nothing;
  nothing.mode = Installation::Mode::closed;
  auto applied = plane.apply(nothing);
  if (!applied) return tl::unexpected<Error>{std::move(applied.error())};
  *this = SaTable{};
  applied_ = std::move(*applied);
  return {};
}

Result<void> SaTable::check_keys(const gdoi::GroupPolicy& policy) const {
  for (const auto& tek : policy.teks)
    if (const auto* known = find(tek.spi); known != nullptr && !gdoi::same_keys(*known->tek, tek))
      return fail(
          fmt::format("TEK 0x{:08X}: other keys under an SPI that is in use", tek.spi.value));
  return {};
}

bool SaTable::Retired::names(gdoi::Spi spi) const {
  return deletes.names_tek(spi) || std::find(unnamed.begin(), unnamed.end(), spi) != unnamed.end();
}

// no_longer_named lists the TEKs that we send on and a registration's answer does not name.
// RFC 6407 section 5.4.1: with an activation delay it is the key server that says when to change.
std::vector<gdoi::Spi> SaTable::no_longer_named(const gdoi::GroupPolicy& next, Instant now) const {
  std::vector<gdoi::Spi> out;
  if (next.activation_delay) return out;
  const auto is_named = [&](gdoi::Spi spi) {
    return std::any_of(next.teks.begin(), next.teks.end(),
                       [&](const gdoi::Tek& tek) { return tek.spi == spi; });
  };
  const auto is_sent_on = [&](const TekEntry& entry) {
    const auto* applied = applied_.find(entry.tek->spi);
    return entry.send_from <= now && applied != nullptr && applied->send;
  };
  for (const auto& entry : teks())
    if (is_sent_on(entry) && !is_named(entry.tek->spi)) out.push_back(entry.tek->spi);
  for (const auto& adopted : content_.adopted)
    if (adopted.sa.outbound && !is_named(adopted.sa.spi)) out.push_back(adopted.sa.spi);
  return out;
}

// takes_from_use tells whether a TEK that we send on is retired.
bool SaTable::takes_from_use(const Retired& retired, Instant now) const {
  return std::any_of(teks().begin(), teks().end(), [&](const TekEntry& entry) {
    return may_send(*entry.tek) && entry.send_from <= now && retired.names(entry.tek->spi);
  });
}

// is_in_use tells whether others already send on a TEK that is new to us.
bool SaTable::is_in_use(const gdoi::GroupPolicy& policy) const {
  return std::any_of(policy.teks.begin(), policy.teks.end(), [&](const gdoi::Tek& tek) {
    return find(tek.spi) == nullptr &&
           std::find(in_use_.begin(), in_use_.end(), tek.spi) != in_use_.end();
  });
}

// serving lists the TEKs whose lines have something to be sent on, and until when. One that is yet
// to be used counts to its own end as long as the key server gives it to everybody, and with an
// activation delay, too: what comes after it is not needed before its turn, however fast rekeys
// follow one another.
std::vector<SentTek> SaTable::serving(const gdoi::GroupPolicy& next, const Retired& retired,
                                      Instant now) const {
  const bool fallback_counts = !takes_from_use(retired, now);
  std::vector<SentTek> out;
  for (const auto& entry : teks()) {
    const auto spi = entry.tek->spi;
    if (!may_send(*entry.tek) || retired.names(spi)) continue;
    const bool named = std::any_of(next.teks.begin(), next.teks.end(),
                                   [&](const gdoi::Tek& tek) { return tek.spi == spi; });
    const bool has_its_turn = named || next.activation_delay.has_value();
    if (entry.send_from <= now || (fallback_counts && has_its_turn))
      out.push_back({spi, entry.expires});
    else if (fallback_counts)
      out.push_back({spi, entry.fallback_until});
  }
  for (const auto& adopted : content_.adopted)
    if (adopted.sa.outbound && !retired.names(adopted.sa.spi))
      out.push_back({adopted.sa.spi, adopted.expires});
  return out;
}

// entries_of decides about the TEKs of a policy, and takes them from it.
std::vector<TekEntry> SaTable::entries_of(gdoi::GroupPolicy& policy, const Retired& retired,
                                          Instant now) const {
  // What a predecessor sent on served the lines that we do not know; they will hardly be others.
  const SendSchedule schedule{
      {from_ ? std::span{entries_} : std::span{policy.entries},
       is_in_use(policy) ? std::vector<SentTek>{} : serving(policy, retired, now)},
      policy,
      now};
  const bool hurry = takes_from_use(retired, now);
  std::vector<TekEntry> out;
  for (auto& tek : policy.teks) {
    TekEntry entry{nullptr, now + tek.policy.lifetime, now, now, true};
    const auto* known = find(tek.spi);
    const auto* inbound = find_adopted(tek.spi, false);
    const auto* outbound = find_adopted(tek.spi, true);
    // The kernel's state keeps the life it was made with; a shorter one is ours to enforce.
    for (const auto* adopted : {inbound, outbound})
      if (adopted != nullptr) entry.expires = std::min(entry.expires, adopted->expires);
    if (known != nullptr) {
      entry.expires = std::min(entry.expires, known->expires);
      entry.send_from = known->send_from;
      if (hurry) entry.send_from = std::min(entry.send_from, schedule.first_use(tek, policy).from);
      entry.fallback_until = known->fallback_until;
      entry.until_seen = known->until_seen;
    } else if (outbound == nullptr) {
      const auto use = schedule.first_use(tek, policy);
      entry.send_from = use.from;
      entry.fallback_until = use.fallback_until;
      entry.until_seen = use.until_seen;
    }
    entry.tek = std::make_shared<const gdoi::Tek>(std::move(tek));
    out.push_back(std::move(entry));
  }
  return out;
}

// join puts the new TEKs and those kept from before together. RFC 6407 section 5.4.2: replaced SAs
// go after the deactivation delay, if there is one.
SaTable::Content SaTable::join(gdoi::GroupPolicy& policy, const Retired& retired,
                               Instant now) const {
  const auto& deletes = retired.deletes;
  Content out{entries_of(policy, retired, now), {}};
  const auto fresh = out.teks.size();
  const auto is_fresh = [&](gdoi::Spi spi) {
    return find_in(std::span{out.teks}.first(fresh), spi) != nullptr;
  };
  for (auto entry : teks()) {
    if (deletes.names_tek(entry.tek->spi) || is_fresh(entry.tek->spi)) continue;
    if (entry.current && policy.deactivation_delay &&
        now + *policy.deactivation_delay < entry.expires) {
      entry.expires = now + *policy.deactivation_delay;
      entry.deactivated = true;
    }
    entry.current = false;
    out.teks.push_back(std::move(entry));
  }
  for (const auto& adopted : content_.adopted) {
    const auto spi = adopted.sa.spi;
    if (!adopted.sa.outbound && !deletes.names_tek(spi) && !is_fresh(spi))
      out.adopted.push_back(adopted);
  }
  return out;
}

std::vector<gdoi::Spi> SaTable::awaited() const {
  std::vector<gdoi::Spi> out;
  for (const auto& entry : teks())
    if (entry.until_seen && entry.send_from > seen_ && may_send(*entry.tek) &&
        may_receive(*entry.tek))
      out.push_back(entry.tek->spi);
  return out;
}

Result<void> SaTable::start_sending(std::span<const gdoi::Spi> spis, DataPlane& plane,
                                    Instant now) {
  for (auto& entry : content_.teks)
    if (entry.until_seen && std::find(spis.begin(), spis.end(), entry.tek->spi) != spis.end())
      entry.send_from = std::min(entry.send_from, now);
  seen_ = now;
  return reapply(plane, now);
}

// commit keeps what the data plane agreed to.
void SaTable::commit(Content content, Instant now) {
  content_ = std::move(content);
  std::erase_if(content_.teks, [now](const TekEntry& entry) { return entry.expires <= now; });
  std::erase_if(content_.adopted, [now](const Adopted& adopted) { return adopted.expires <= now; });
  seen_ = now;
  pending_ = false;
}

Result<void> SaTable::replace(gdoi::GroupPolicy& policy, const Retired& retired, DataPlane& plane,
                              Instant now) {
  if (auto checked = check_keys(policy); !checked) return checked;
  auto receive_only = receive_only_of(policy);
  auto next = join(policy, retired, now);
  if (auto applied = apply(plane, policy.entries, receive_only, next, now); !applied)
    return applied;
  commit(std::move(next), now);
  if (!have_same_lines(entries_, policy.entries)) shadowed_ = shadowed_entries(policy.entries);
  entries_ = std::move(policy.entries);
  receive_only_ = std::move(receive_only);
  return {};
}

Result<void> SaTable::install(gdoi::GroupPolicy policy, const gdoi::Endpoint& from,
                              DataPlane& plane, Instant now, bool asked_for) {
  const gdoi::Deletes none;
  const Retired retired{none, asked_for ? no_longer_named(policy, now) : std::vector<gdoi::Spi>{}};
  if (auto replaced = replace(policy, retired, plane, now); !replaced) return replaced;
  sender_ids_ = std::move(policy.sender_ids);
  from_ = from;
  return {};
}

Result<void> SaTable::rekey(gdoi::Rekey rekey, DataPlane& plane, Instant now) {
  const Retired retired{rekey.deletes};
  if (rekey.policy && rekey.replaces_list) return replace(*rekey.policy, retired, plane, now);
  auto left = content_;
  const auto deleted = std::erase_if(left.teks,
                                     [&](const TekEntry& entry) {
                                       return rekey.deletes.names_tek(entry.tek->spi);
                                     }) +
                       std::erase_if(left.adopted, [&](const Adopted& adopted) {
                         return rekey.deletes.names_tek(adopted.sa.spi);
                       });
  if (deleted == 0) return {};
  if (takes_from_use(retired, now))
    for (auto& entry : left.teks) entry.send_from = std::min(entry.send_from, now);
  if (auto applied = apply(plane, entries_, receive_only_, left, now); !applied) return applied;
  commit(std::move(left), now);
  return {};
}

Result<void> SaTable::drop_teks(DataPlane& plane, Instant now) {
  // Of a predecessor's list, before the first one of ours, we do not know the lines.
  if (closed() || !from_) return {};
  if (auto applied = apply(plane, entries_, receive_only_, {}, now); !applied) return applied;
  commit({}, now);
  return {};
}

Result<void> SaTable::reapply(DataPlane& plane, Instant now) {
  if (closed()) return close(plane);
  if (!from_) return {};
  auto applied = apply(plane, entries_, receive_only_, content_, now);
  if (applied) {
    pending_ = false;
    return applied;
  }
  retry_pause_ = pending_ ? std::min(2 * retry_pause_, longest_retry_pause) : first_retry_pause;
  retry_at_ = now + retry_pause_;
  pending_ = true;
  return applied;
}

SaTable::Woken SaTable::wake(DataPlane& plane, Instant now) {
  Woken woken;
  const auto due = deadline();
  if (!due || now < *due) return woken;

  auto& [teks, adopted] = content_;
  const bool had_some = !teks.empty() || !adopted.empty();
  for (const auto& entry : teks)
    if (entry.expires <= now)
      (entry.deactivated ? woken.deactivated : woken.expired).push_back(entry.tek->spi);
  std::erase_if(teks, [now](const TekEntry& entry) { return entry.expires <= now; });
  std::erase_if(adopted, [now](const Adopted& one) { return one.expires <= now; });
  woken.ran_out = had_some && teks.empty() && adopted.empty();
  seen_ = now;
  // A predecessor's states end by themselves; nobody is told.
  if (!from_)
    std::erase_if(applied_.teks, [this](const AppliedTek& tek) {
      return find_adopted(tek.spi, false) == nullptr && find_adopted(tek.spi, true) == nullptr;
    });
  woken.applied = reapply(plane, now);
  return woken;
}

std::optional<Instant> SaTable::deadline() const noexcept {
  std::optional<Instant> first;
  for (const auto& entry : teks()) {
    first = earliest({first, entry.expires});
    if (entry.send_from > seen_) first = earliest({first, entry.send_from});
  }
  for (const auto& adopted : content_.adopted) first = earliest({first, adopted.expires});
  if (settle_at_ && !pending_) first = earliest({first, settle_at_});
  return pending_ ? earliest({first, retry_at_}) : first;
}

}  // namespace agent
