// SPDX-License-Identifier: GPL-2.0-or-later
// Sender IDs, and which of Cisco's features of GETVPN there are.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "agent/control/show/blocks.h"

namespace agent::show {
namespace {

// What Cisco calls the group size by the length of its sender IDs; 0: none were allotted.
std::string_view group_size(unsigned bits) {
  if (bits == 0) return "NONE";
  if (bits <= 16) return "SMALL";
  return bits <= 24 ? "MEDIUM" : "LARGE";
}

// is_counter_mode: of these the transforms have names with one of these words.
bool is_counter_mode(const json& tek) {
  const auto transform = text(tek.at("transform"));
  constexpr std::array<std::string_view, 4> modes{"gcm", "gmac", "ctr", "ccm"};
  return std::any_of(modes.begin(), modes.end(), [&](std::string_view mode) {
    return transform.find(mode) != std::string::npos;
  });
}

std::string sender_id(const json& value) {
  return fmt::format("0x{:08X}", value.get<std::uint32_t>());
}

struct Feature {
  std::string_view name;
  bool supported;
};
constexpr std::array features{
    Feature{"ckm", false},
    Feature{"crl-check", false},
    Feature{"cts-sgt", false},
    Feature{"dp-recovery", true},
    Feature{"gdoi-interop-ack", true},
    Feature{"gdoi-mib", true},
    Feature{"gikev2", false},
    Feature{"gm-removal", true},
    Feature{"ip-d3p", false},
    Feature{"long-sa-lifetime", true},
    Feature{"pfs", false},
    Feature{"policy-replace", true},
    Feature{"suite-b", true},
};

std::string feature_row(const std::string& who, const std::string& version, std::string_view has) {
  return fmt::format("        {:<16} {:<14} {}\n", who, version, has);
}

}  // namespace

std::string identifier_block(const json& status, bool detail) {
  const auto ids = status.value("sender_ids", json());
  const auto& teks = status.at("teks");
  const bool counter = !ids.is_null() || std::any_of(teks.begin(), teks.end(), is_counter_mode);
  const auto bits = ids.is_null() ? 0 : ids.at("bits").get<unsigned>();
  auto out = fmt::format("GM Sender ID (SID) Information for Group {}:\n\n", group_name(status));
  const auto line = [&out](std::string_view indent, std::string_view key,
                           const std::string& value) {
    out += fmt::format("{}{:<{}}: {}\n", indent, key, 36 - indent.size(), value);
  };
  out += fmt::format("  Group Member: {:<16} vrf: {}\n", address(status.at("local")),
                     inside_vrf(status));
  line("    ", "Transform Mode", counter ? "Counter (Suite-B)" : "Non-Counter (Non-Suite-B)");
  line("    ", "# of SIDs Last Requested", "0");
  out += "\n";
  if (ids.is_null()) {
    out += "    CURRENT SIDs: None\n";
  } else {
    const auto& values = ids.at("values");
    out += fmt::format("    CURRENT SIDs: {}-{}\n", sender_id(values.front()),
                       sender_id(values.back()));
    line("      ", "# of SIDs Downloaded", fmt::to_string(values.size()));
    line("      ", "First SID Downloaded", sender_id(values.front()));
    line("      ", "Last SID Downloaded", sender_id(values.back()));
  }
  if (!detail) return out;
  std::uint64_t remaining = 0;
  for (const auto& tek : teks)
    remaining = std::max(remaining, tek.at("remaining").get<std::uint64_t>());
  out += "\n    NEXT SID REQUEST:\n";
  line("      ", "TEK Lifetime", fmt::format("{} sec", remaining));
  line("      ", "SID Length (Group Size)", fmt::format("{} bits ({})", bits, group_size(bits)));
  return out;
}

bool is_feature(const std::string& feature) {
  return std::any_of(features.begin(), features.end(),
                     [&](const Feature& row) { return row.name == feature; });
}

std::string feature_names() {
  std::string out;
  for (const auto& row : features) out += (out.empty() ? "" : ", ") + std::string{row.name};
  return out;
}

// No key server says which version it is of, nor what it can do.
std::string feature_block(const json& status, const std::string& feature) {
  const auto found = std::find_if(features.begin(), features.end(),
                                  [&](const Feature& row) { return row.name == feature; });
  const bool has = feature.empty() || (found != features.end() && found->supported);
  auto out = fmt::format("Group Name: {}\n", group_name(status));
  out += "    Key Server ID       Version   Feature Supported\n";
  for (const auto& server : status.at("key_servers"))
    out += feature_row(address(server), "0.0.0", "Unknown");
  out += "\n    Group Member ID     Version   Feature Supported\n";
  out += feature_row(address(status.at("local")), text(status.at("version")), has ? "Yes" : "No");
  if (!feature.empty()) return out;
  out += "\n    Features of this member\n";
  for (const auto& row : features)
    out += fmt::format("        {:<20} {}\n", row.name, row.supported ? "Yes" : "No");
  return out;
}

}  // namespace agent::show
