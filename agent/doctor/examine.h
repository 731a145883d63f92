// SPDX-License-Identifier: GPL-2.0-or-later
// doctor: looks at configuration, secrets, key servers, kernel and settings of this machine, with a
// running daemon or without, and changes nothing.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "agent/doctor/diagnosis.h"

namespace agent {

struct Patient {
  std::string config_file, socket;
};

// examine looks at all. What cannot be looked at is a finding.
[[nodiscard]] std::vector<Diagnosis> examine(const Patient& patient);

}  // namespace agent
