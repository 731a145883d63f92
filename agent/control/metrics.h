// SPDX-License-Identifier: GPL-2.0-or-later
// What Prometheus is told: the state of the groups in its text format, version 0.0.4, never with a
// secret in it.
//
// Names are an interface, as members of `show --json` are: they are only added. Each sample has the
// label `group`; a group that is configured is there in whatever state it is. What is not known, as
// the kernel's counters before there is a route to a key server, is left out rather than shown as
// 0, which would be a counter that began anew.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "agent/control/status.h"
#include "agent/control/tek_totals.h"

namespace agent {

inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

// GroupMetrics is one group; what it refers to outlives the call.
struct GroupMetrics {
  StatusView status;  // with counters
  const TekTotals* totals = nullptr;
};

[[nodiscard]] std::string metrics_text(std::span<const GroupMetrics> groups, Instant now);

}  // namespace agent
