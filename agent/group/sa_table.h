// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <memory>

#include "agent/group/ports.h"
#include "agent/group/send_schedule.h"
#include "agent/group/shadowed.h"
#include "gdoi/push/rekey.h"

namespace agent {

// TekEntry is a TEK with what we decided about it.
struct TekEntry {
  std::shared_ptr<const gdoi::Tek> tek;
  Instant expires;
  Instant send_from;       // receiving starts at once
  Instant fallback_until;  // older TEKs carry what it protects up to here, if it is not sent on yet
  bool current = true;     // named by the policy in force; else kept until it expires
  bool deactivated = false;  // replaced, and ends before its lifetime by the deactivation delay
  bool until_seen = false;   // a packet received under it ends the wait for send_from
};

// SaTable is the list in force with all live TEKs, and what the data plane did with them. A list
// stays in force when its TEKs have run out: what it protects is then dropped, never leaked.
//
// Whatever changes it, the data plane is asked first; when that refuses, all stays as it was.
class SaTable {
 public:
  // adopt takes over what a predecessor left in the data plane: its TEKs go on serving until the
  // first policy comes, and what is only received until it expires.
  void adopt(const ExistingState& existing, Instant now);

  // close lets nothing pass but local exceptions, until a policy comes.
  [[nodiscard]] Result<void> close(DataPlane& plane);

  // install puts a registration's policy in force. TEKs that it no longer names are kept until they
  // expire (or until its deactivation delay), since other members may still send on them. With
  // `asked_for` the operator asked for what the key server has now, as after it lost its state:
  // what is new is sent on at once, unless it gave an activation delay.
  [[nodiscard]] Result<void> install(gdoi::GroupPolicy policy, const gdoi::Endpoint& from,
                                     DataPlane& plane, Instant now, bool asked_for = false);

  // rekey does what a GROUPKEY-PUSH says: first its deletes, then its policy.
  [[nodiscard]] Result<void> rekey(gdoi::Rekey rekey, DataPlane& plane, Instant now);

  // others_send_on names SPIs under which ESP of other members came in before we had a key for
  // them. A policy with a TEK of one of them is in use already: what is new in it is sent on at
  // once, for the others may not have what we send on now.
  void others_send_on(std::vector<gdoi::Spi> spis) { in_use_ = std::move(spis); }

  // awaited are the TEKs that are not sent on only because others may not have them yet.
  // start_sending begins to send on those of `spis` among them: packets came in under them.
  [[nodiscard]] std::vector<gdoi::Spi> awaited() const;
  [[nodiscard]] Result<void> start_sending(std::span<const gdoi::Spi> spis, DataPlane& plane,
                                           Instant now);

  // drop_teks forgets all TEKs at once. The list stays. Before the first policy nothing is done.
  [[nodiscard]] Result<void> drop_teks(DataPlane& plane, Instant now);

  // wanted is what reapply() would tell the data plane now; nothing before the first policy. It
  // refers to the table, which is not changed meanwhile.
  struct Wanted {
    Installation installation;
    std::vector<ExistingSa> kept = {};  // which `installation` refers to
    Wanted() = default;
    Wanted(Wanted&&) = default;
    Wanted& operator=(Wanted&&) = default;
    Wanted(const Wanted&) = delete;
    Wanted& operator=(const Wanted&) = delete;
    ~Wanted() = default;
  };
  [[nodiscard]] std::optional<Wanted> wanted(Instant now) const;
  // reapply tells the data plane again what it should have.
  [[nodiscard]] Result<void> reapply(DataPlane& plane, Instant now);

  // Woken is what time did: TEKs that expired, those that were replaced and whose deactivation
  // delay is over, and whether the data plane took the change.
  struct Woken {
    std::vector<gdoi::Spi> expired, deactivated;
    bool ran_out = false;  // the last one is gone
    Result<void> applied;
  };
  // wake does what is due: drops what expired, begins to send on what became usable. A data plane
  // that refuses is asked again after retry_pause(). Nothing is done before deadline().
  [[nodiscard]] Woken wake(DataPlane& plane, Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const noexcept;

  // The key server whose policy is in force; nothing before the first one.
  [[nodiscard]] const std::optional<gdoi::Endpoint>& from() const noexcept { return from_; }
  [[nodiscard]] std::span<const gdoi::AccessEntry> entries() const noexcept { return entries_; }
  // TEKs of entries() that serve for receiving only, sorted.
  [[nodiscard]] std::span<const gdoi::Spi> receive_only() const noexcept { return receive_only_; }
  // Lines among entries() that can never match.
  [[nodiscard]] std::span<const Shadowed> shadowed() const noexcept { return shadowed_; }
  [[nodiscard]] std::span<const TekEntry> teks() const noexcept { return content_.teks; }
  // What the key server allotted to us for counter modes at the last registration.
  [[nodiscard]] const std::optional<gdoi::SenderIds>& sender_ids() const noexcept {
    return sender_ids_;
  }
  [[nodiscard]] const TekEntry* find(gdoi::Spi spi) const noexcept;
  // applied is what the data plane does now, be it on a predecessor's word.
  [[nodiscard]] const Applied& applied() const noexcept { return applied_; }
  // receives tells whether ESP under that SPI is taken in.
  [[nodiscard]] bool receives(gdoi::Spi spi) const noexcept;
  // closed tells that fail-close is in force: nothing passes but local exceptions.
  [[nodiscard]] bool closed() const noexcept { return applied_.mode == Installation::Mode::closed; }
  // pending tells that the data plane refused a change, and is yet to be told again.
  [[nodiscard]] bool pending() const noexcept { return pending_; }

  // retry_pause is how long it is left alone after its last refusal: a second at first, since
  // memory or a buffer that was short may be there again, and twice as long each time, up to half a
  // minute.
  [[nodiscard]] seconds retry_pause() const noexcept { return retry_pause_; }
  static constexpr seconds first_retry_pause{1}, longest_retry_pause{30};
  // So long after a change-over the states that were sent on before it are removed: packets under
  // way in the kernel have left by then.
  static constexpr seconds settle_pause{1};

 private:
  // A half of a TEK that a predecessor left.
  struct Adopted {
    ExistingSa sa;
    Instant expires;
  };
  // What is in force, or is to be if the data plane agrees.
  struct Content {
    std::vector<TekEntry> teks;
    std::vector<Adopted> adopted;
  };
  // Retired is what others are no longer given: no reason to wait with what takes its place.
  struct Retired {
    const gdoi::Deletes& deletes;
    std::vector<gdoi::Spi> unnamed = {};  // in use, and not in a registration's answer
    [[nodiscard]] bool names(gdoi::Spi spi) const;
  };

  [[nodiscard]] static bool may_send(const gdoi::Tek& tek) noexcept;
  [[nodiscard]] static bool may_receive(const gdoi::Tek& tek) noexcept;
  [[nodiscard]] static std::vector<gdoi::Spi> receive_only_of(const gdoi::GroupPolicy& policy);
  [[nodiscard]] Result<void> check_keys(const gdoi::GroupPolicy& policy) const;
  [[nodiscard]] std::vector<gdoi::Spi> no_longer_named(const gdoi::GroupPolicy& next,
                                                       Instant now) const;
  [[nodiscard]] std::vector<SentTek> serving(const gdoi::GroupPolicy& next, const Retired& retired,
                                             Instant now) const;
  [[nodiscard]] bool takes_from_use(const Retired& retired, Instant now) const;
  [[nodiscard]] bool is_in_use(const gdoi::GroupPolicy& policy) const;
  [[nodiscard]] std::vector<TekEntry> entries_of(gdoi::GroupPolicy& policy, const Retired& retired,
                                                 Instant now) const;
  [[nodiscard]] const Adopted* find_adopted(gdoi::Spi spi, bool outbound) const noexcept;
  [[nodiscard]] Content join(gdoi::GroupPolicy& policy, const Retired& retired, Instant now) const;
  [[nodiscard]] Result<void> replace(gdoi::GroupPolicy& policy, const Retired& retired,
                                     DataPlane& plane, Instant now);
  [[nodiscard]] Wanted wanted(std::span<const gdoi::AccessEntry> entries,
                              std::span<const gdoi::Spi> receive_only, const Content& content,
                              Instant now) const;
  void take_applied(Applied applied, bool settled, Instant now);
  [[nodiscard]] Result<void> apply(DataPlane& plane, std::span<const gdoi::AccessEntry> entries,
                                   std::span<const gdoi::Spi> receive_only, const Content& content,
                                   Instant now);
  void commit(Content content, Instant now);

  std::optional<gdoi::Endpoint> from_;
  std::vector<gdoi::AccessEntry> entries_;
  std::vector<gdoi::Spi> receive_only_;  // sorted
  std::vector<Shadowed> shadowed_;
  std::vector<gdoi::Spi> in_use_;  // by other members, before we had the key
  std::optional<gdoi::SenderIds> sender_ids_;
  Content content_;
  Applied applied_;
  bool pending_ = false;
  Instant retry_at_;
  seconds retry_pause_ = first_retry_pause;
  Instant seen_;                      // what is sent on was last decided then
  std::optional<Instant> settle_at_;  // what was sent on before is removed then
  bool adopted_several_ = false;      // a predecessor ended amid a change-over
};

}  // namespace agent
