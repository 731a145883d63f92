// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/wire/shape.h"

#include <algorithm>

namespace gdoi {
namespace {

bool tolerated_anywhere(PayloadType type) noexcept {
  return type == PayloadType::vendor_id || type == PayloadType::notification;
}

}  // namespace

Result<void> check_shape(const Chain& found, std::span<const PayloadRule> rules) {
  for (const Payload& payload : found.payloads) {
    const bool named = std::any_of(rules.begin(), rules.end(), [&](const PayloadRule& rule) {
      return rule.type == payload.type;
    });
    if (!named && !tolerated_anywhere(payload.type))
      return fail(Errc::unexpected, name_of(payload.type),
                  static_cast<std::uint32_t>(payload.type));
  }

  for (const PayloadRule& rule : rules) {
    const auto count =
        std::count_if(found.payloads.begin(), found.payloads.end(),
                      [&](const Payload& payload) { return payload.type == rule.type; });
    if (count < rule.min || count > rule.max)
      return fail(Errc::malformed, name_of(rule.type), static_cast<std::uint32_t>(count));
  }
  return {};
}

}  // namespace gdoi
