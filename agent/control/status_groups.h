// SPDX-License-Identifier: GPL-2.0-or-later
// Reading what `show` answers: the document of one group, or a list of several.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <vector>

namespace agent {

// groups_of is the document of each group in `status`, as long as that lives: itself, if it is that
// of one group. Throws nlohmann::json::exception if it is neither.
[[nodiscard]] std::vector<std::reference_wrapper<const nlohmann::json>> groups_of(
    const nlohmann::json& status);

}  // namespace agent
