// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include "agent/ports.h"
#include "agent/rollover.h"
#include "gdoi/group/policy.h"

namespace agent {

// Holdings are the list in force with all live TEKs, and what the data plane was told of them. A
// list stays in force when its TEKs have run out: what it protects is then dropped, never leaked.
class Holdings {
 public:
  // install puts a new policy in force. TEKs that it no longer names are kept until they expire (or
  // until its deactivation delay), since other members may still send on them. When the data plane
  // refuses, all stays as it was.
  [[nodiscard]] Result<void> install(gdoi::GroupPolicy policy, const gdoi::Endpoint& from,
                                     DataPlane& plane, Instant now);

  // Woken is what time did: TEKs that expired, and whether the data plane took the news.
  struct Woken {
    std::vector<gdoi::Spi> expired;
    Result<void> applied;
  };
  // wake does what is due: drops what expired, begins to send on what became usable. A data plane
  // that refuses is asked again after retry_pause. Nothing is done before deadline().
  [[nodiscard]] Woken wake(DataPlane& plane, Instant now);
  [[nodiscard]] std::optional<Instant> deadline() const noexcept;

  // The key server whose policy is in force; nothing before the first one.
  [[nodiscard]] const std::optional<gdoi::Endpoint>& from() const noexcept { return from_; }
  [[nodiscard]] std::span<const gdoi::AccessEntry> entries() const noexcept { return entries_; }
  [[nodiscard]] std::span<const HeldTek> teks() const noexcept { return teks_; }
  [[nodiscard]] const HeldTek* find(gdoi::Spi spi) const noexcept;
  [[nodiscard]] const std::optional<gdoi::Kek>& kek() const noexcept { return kek_; }
  [[nodiscard]] Instant kek_expires() const noexcept { return kek_expires_; }

  static constexpr seconds retry_pause{30};

 private:
  [[nodiscard]] std::vector<HeldTek> take_teks(gdoi::GroupPolicy& policy, Instant now) const;

  std::optional<gdoi::Endpoint> from_;
  std::vector<gdoi::AccessEntry> entries_;
  std::vector<HeldTek> teks_;
  std::optional<gdoi::Kek> kek_;
  Instant kek_expires_;
  Instant seen_;          // changes up to here are with the data plane, or pending
  bool pending_ = false;  // the data plane has yet to be told, not before retry_at_
  Instant retry_at_;
};

}  // namespace agent
