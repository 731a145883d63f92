// SPDX-License-Identifier: GPL-2.0-or-later
// ErrorMonitoring: the signs that others have other keys, for which the member registers by itself
// (Cisco's GM error detection). Each kind has its own limit.
#pragma once

#include <optional>

#include "agent/group/one_way_check.h"
#include "agent/group/recovery_check.h"
#include "agent/group/unknown_kek_check.h"

namespace agent {

struct ErrorMonitoring {
  RecoveryCheck spis;
  UnknownKekCheck keks;
  OneWayCheck one_way;

  explicit ErrorMonitoring(const RecoveryOptions& options)
      : spis{options}, keks{options}, one_way{options} {}
  void configure(const RecoveryOptions& options);

  // deadline is when to look at the data plane next, or to begin; nothing while it is off.
  [[nodiscard]] std::optional<Instant> deadline() const;
  // skip is for when there is nothing to decide: no registration stands.
  void skip(Instant now);
  // forget is for when our keys were cleared: those of the others are as good as ever.
  void forget();

  struct Status {
    RecoveryStatus spis = {};
    UnknownKekCheck::Status keks = {};
    RecoveryLimit::Status one_way = {};
  };
  [[nodiscard]] Status status(Instant now) const;
};

}  // namespace agent
