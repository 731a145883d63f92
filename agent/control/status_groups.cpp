// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/status_groups.h"

#include <nlohmann/json.hpp>

namespace agent {

std::vector<std::reference_wrapper<const nlohmann::json>> groups_of(const nlohmann::json& status) {
  const auto list = status.find("groups");
  if (list == status.end()) return {status};
  return {list->begin(), list->end()};
}

}  // namespace agent
