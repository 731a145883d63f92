// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/policy_messages.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/names.h"

namespace agent {
namespace {

// warning_of names what is special about one TEK; empty when nothing is.
std::string warning_of(const gdoi::Tek& tek, bool send_counter_modes) {
  const auto& policy = tek.policy;
  const auto name = "TEK " + spi_text(tek.spi);
  if (gdoi::is_counter_mode(policy.transform) && !send_counter_modes)
    return fmt::format(
        "{} ({}) is used for receiving only: without sender IDs, members that share a counter mode "
        "key could repeat a nonce (RFC 6054); send-counter-modes forces sending",
        name, cisco_transform(policy));
  if (policy.extended_sequence)
    return name +
           " has extended sequence numbers: receivers keep one window for all senders, so no more "
           "than two members may send";
  if (policy.direction == gdoi::SaDirection::receiver_only)
    return name + " is for receiving only: what it protects leaves in clear";
  if (policy.integrity == gdoi::IntegrityId::none && !gdoi::is_counter_mode(policy.transform))
    return name + " has encryption without integrity: its packets can be altered on the way";
  if (policy.ignored_attributes != 0)
    return fmt::format(
        "{} has {} not understood; should the key server use time-based "
        "anti-replay, change it to counter-based",
        name, counted(policy.ignored_attributes, "attribute that is", "attributes that are"));
  return {};
}

}  // namespace

std::vector<std::string> change_messages(const gdoi::GroupPolicy& policy, const SaTable& before,
                                         bool new_kek) {
  std::vector<std::string> out;
  if (std::any_of(policy.teks.begin(), policy.teks.end(),
                  [&](const gdoi::Tek& tek) { return before.find(tek.spi) == nullptr; }))
    out.emplace_back("%GDOI-5-SA_TEK_UPDATED: SA TEK was updated");
  if (policy.kek && new_kek)
    out.push_back("%GDOI-5-SA_KEK_UPDATED: SA KEK was updated 0x" +
                  spi_text(policy.kek->policy.spi));
  return out;
}

std::vector<std::string> policy_warnings(const gdoi::GroupPolicy& policy, bool send_counter_modes) {
  std::vector<std::string> out;
  if (policy.skipped_entries != 0)
    out.push_back(counted(policy.skipped_entries, "list entry without a key is",
                          "list entries without a key are") +
                  " left out (see tek-without-key)");
  if (policy.skipped_protocols != 0)
    out.push_back(counted(policy.skipped_protocols, "list entry is", "list entries are") +
                  " left out, being for another protocol than ESP");
  for (const auto& tek : policy.teks)
    if (auto line = warning_of(tek, send_counter_modes); !line.empty())
      out.push_back(std::move(line));
  if (policy.kek && policy.kek->policy.management != 0)
    out.emplace_back("the key server manages keys by LKH, which is not supported");
  return out;
}

std::vector<std::string> shadowed_lines(const SaTable& sas) {
  const auto text = [&](std::size_t at) {
    const auto& entry = sas.entries()[at];
    const bool permit = entry.action == gdoi::AccessEntry::Action::permit;
    return fmt::format("'{} {}'", permit ? "permit" : "deny", gdoi::describe(entry.selector));
  };
  std::vector<std::string> out;
  for (const auto& [entry, by] : sas.shadowed()) {
    auto line =
        fmt::format("entry {} is shadowed by {} and can never match", text(entry), text(by));
    // During a rollover each line stands there once for each of its TEKs.
    if (std::find(out.begin(), out.end(), line) == out.end()) out.push_back(std::move(line));
  }
  return out;
}

}  // namespace agent
