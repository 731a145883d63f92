// SPDX-License-Identifier: GPL-2.0-or-later
#include <fmt/format.h>

#include <set>
#include <string_view>

#include "agent/control/show/blocks.h"

namespace agent::show {
namespace {

// entry_line: where a configuration says "eq 22", IOS shows "port = 22".
std::string entry_line(const json& entry) {
  auto match = text(entry.at("match"));
  constexpr std::string_view written = " eq ", shown = " port = ";
  for (auto at = match.find(written); at != std::string::npos; at = match.find(written, at + 1))
    match.replace(at, written.size(), shown);
  return fmt::format("   access-list   {} {}\n", text(entry.at("action")), match);
}

}  // namespace

std::string downloaded_acl(const json& status) {
  const auto& server = status.at("registration").at("registered_with");
  auto out = fmt::format(" ACL Downloaded From KS {}:\n", ipv4_address(server));
  if (is_ipv6(address(server))) out += fmt::format("   (from {})\n", address(server));
  // During a rollover each line stands there once for each of its TEKs.
  std::set<std::string> seen;
  for (const auto& entry : status.at("acl")) {
    const auto line = entry_line(entry);
    if (!seen.insert(line).second) continue;
    out += line;
    if (entry.value("never_matches", false)) out += "      (never matches)\n";
  }
  return out;
}

std::string local_acl(const json& status) {
  std::string out = " ACL Configured Locally:\n";
  for (const auto& entry : status.at("local_acl")) out += entry_line(entry);
  return out;
}

std::string local_acl_note(const json& status) {
  const auto count = status.at("local_acl").size();
  if (count == 0) return "";
  return fmt::format(" ACL Configured Locally: {} before it, see 'show gm acl local'\n\n",
                     count == 1 ? "1 line" : fmt::format("{} lines", count));
}

}  // namespace agent::show
