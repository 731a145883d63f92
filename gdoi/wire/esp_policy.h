// SPDX-License-Identifier: GPL-2.0-or-later
// How ESP protects traffic: the transform and the RFC 2407 attributes of a SAT.
#pragma once

#include <cstdint>
#include <span>
#include <tuple>

#include "gdoi/policy/policy.h"
#include "gdoi/wire/attributes.h"

namespace gdoi {

// UnknownAttribute is one of a SAT whose meaning we do not know, or that we leave aside.
struct UnknownAttribute {
  std::uint16_t type = 0;
  Bytes value;
  friend bool operator==(const UnknownAttribute&, const UnknownAttribute&) = default;
  friend bool operator<(const UnknownAttribute& a, const UnknownAttribute& b) {
    return std::tie(a.type, a.value) < std::tie(b.type, b.value);
  }
};

// esp_policy reads a transform and its attributes as one policy: known, consistent, and as strong
// as we stand for. Absent attributes take the default of their RFC.
[[nodiscard]] Result<TekPolicy> esp_policy(std::uint8_t transform,
                                           std::span<const Attribute> attributes);

// unknown_attributes lists, in order, the attributes that esp_policy leaves aside: what it does not
// know, and what RFC 2407 has for other exchanges. Any of them may mark an entry in some way.
[[nodiscard]] std::vector<UnknownAttribute> unknown_attributes(
    std::span<const Attribute> attributes);

}  // namespace gdoi
