// SPDX-License-Identifier: GPL-2.0-or-later
// Lines about policies for the log, as data.
#pragma once

#include <string>
#include <vector>

#include "agent/group/sa_table.h"

namespace agent {

// change_messages says which TEKs `policy` brings that were not held before, and its KEK if that is
// new; and how many entries deny, if that is another number than before.
[[nodiscard]] std::vector<std::string> change_messages(const gdoi::GroupPolicy& policy,
                                                       const SaTable& before, bool new_kek);

// policy_warnings says what in `policy` an operator should hear of though it can be installed.
[[nodiscard]] std::vector<std::string> policy_warnings(const gdoi::GroupPolicy& policy,
                                                       bool send_counter_modes);

// shadowed_lines names the lines of the list in force that can never match, each once.
[[nodiscard]] std::vector<std::string> shadowed_lines(const SaTable& sas);

}  // namespace agent
