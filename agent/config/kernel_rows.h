// SPDX-License-Identifier: GPL-2.0-or-later
// The rows of the table of settings that say what a group is known by in the kernel.
#pragma once

#include <array>

#include "agent/base/address.h"
#include "agent/config/config_values.h"
#include "agent/config/group_values.h"
#include "agent/config/key_rows.h"

namespace agent {

inline constexpr std::array kernel_rows{
    row(
        {"anchor-in", "ADDRESS", "Inbound anchor, never on the wire (default: 240.0.0.1)"},
        [](auto& c) -> auto& { return c.kernel.anchor_in; },
        [](auto& to, std::string_view text) { return set(to, parse_anchor(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return {to_string(group.identity.anchor_in)};
        }),
    row(
        {"anchor-out", "ADDRESS", "Outbound anchor, never on the wire (default: 240.0.0.2)"},
        [](auto& c) -> auto& { return c.kernel.anchor_out; },
        [](auto& to, std::string_view text) { return set(to, parse_anchor(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return {to_string(group.identity.anchor_out)};
        }),
    row(
        {"anchor-in6", "ADDRESS", "Inbound anchor of IPv6 (default: 100::1)"},
        [](auto& c) -> auto& { return c.kernel.anchor_in6; },
        [](auto& to, std::string_view text) { return set(to, parse_anchor6(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return {to_string(group.identity.anchor_in6)};
        }),
    row(
        {"anchor-out6", "ADDRESS", "Outbound anchor of IPv6 (default: 100::2)"},
        [](auto& c) -> auto& { return c.kernel.anchor_out6; },
        [](auto& to, std::string_view text) { return set(to, parse_anchor6(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return {to_string(group.identity.anchor_out6)};
        }),
    row(
        {"mark", "HEX", "Packet mark bit for 'arrived on the WAN' (default: 0x10000000)"},
        [](auto& c) -> auto& { return c.kernel.mark; },
        [](auto& to, std::string_view text) { return set(to, parse_mark(text)); },
        [](const ConfiguredGroup& group) -> Texts {
          return {fmt::format("{:#x}", group.identity.mark)};
        }),
    row(
        {"mss-clamp", "yes|no|N",
         "Lower the largest segment of TCP connections that are encrypted: to N, or to what fits"},
        [](auto& c) -> auto& { return c.mss_clamp; },
        [](auto& to, std::string_view text) { return set(to, parse_mss_clamp(text)); },
        [](const auto& value) -> std::string { return mss_clamp_text(value); }),
    row(
        {"reqid", "N", "First of 4096 XFRM request ids that are ours (default: 1196818432)"},
        [](auto& c) -> auto& { return c.kernel.reqid; },
        [](auto& to, std::string_view text) {
          return set(to, parse_number(text, 1, 0xffffffff - 4096));
        },
        [](const ConfiguredGroup& group) -> Texts {
          return {fmt::to_string(group.identity.reqid)};
        }),
};

// joined is the rows of two tables in one.
template <std::size_t First, std::size_t Second>
[[nodiscard]] constexpr std::array<GroupKey, First + Second> joined(
    const std::array<GroupKey, First>& first, const std::array<GroupKey, Second>& second) {
  std::array<GroupKey, First + Second> out{};
  std::copy(first.begin(), first.end(), out.begin());
  std::copy(second.begin(), second.end(), out.begin() + First);
  return out;
}

}  // namespace agent
