// SPDX-License-Identifier: GPL-2.0-or-later
// How ESP protects traffic: the transform and the RFC 2407 attributes of a SAT.
#pragma once

#include <cstdint>
#include <span>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/attributes.h"

namespace gdoi {

// esp_policy reads a transform and its attributes as one policy: known, consistent, and as strong
// as we stand for. Absent attributes take the default of their RFC.
[[nodiscard]] Result<TekPolicy> esp_policy(std::uint8_t transform,
                                           std::span<const Attribute> attributes);

}  // namespace gdoi
