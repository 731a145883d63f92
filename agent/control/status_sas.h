// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "agent/control/status.h"

namespace agent {

// endpoint_json has "address" and "port".
[[nodiscard]] nlohmann::json endpoint_json(const gdoi::Endpoint& endpoint);

// add_sas adds "kek", "keks" and "teks" to a group's status: the KEKs that have not ended, and each
// TEK with what the kernel does with it.
void add_sas(nlohmann::json& out, const StatusView& view, Instant now);

}  // namespace agent
