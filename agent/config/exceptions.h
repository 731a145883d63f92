// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <string_view>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/policy/selector.h"

namespace agent {

// add_exception adds what an access-list entry of the operator's excludes from encryption, and its
// mirror image. Fails when nothing of it is new.
[[nodiscard]] Result<void> add_exception(std::vector<gdoi::TrafficSelector>& known,
                                         std::string_view text);

}  // namespace agent
