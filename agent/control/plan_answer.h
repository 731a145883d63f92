// SPDX-License-Identifier: GPL-2.0-or-later
// The answer to plan: the daemon writes it as JSON (answers.schema.json), getvpnctl makes text of
// it. Members are only added under one schema number.
#pragma once

#include <string>

#include "agent/control/answers.h"
#include "agent/group/plan.h"

namespace agent {

// Of the kernel's objects so many are told for each group; the rest is counted.
inline constexpr std::size_t max_planned = 1000;

[[nodiscard]] std::string plan_answer(const Plan& plan);

// show_plan fails when the document is none, or carries an error of the daemon's. All is as it
// should be when nothing would be changed: that the only group registers again, as it does with
// each reload, is no change.
[[nodiscard]] Result<Shown> show_plan(const std::string& document, bool json);

}  // namespace agent
