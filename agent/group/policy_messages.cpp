// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/policy_messages.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "agent/base/names.h"

namespace agent {
namespace {

constexpr std::size_t most_named = 20;  // of entries that are left out

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

// tell_skipped names the entries that are left out: each with what it says, or with its octets.
void tell_skipped(const gdoi::GroupPolicy& policy, std::vector<std::string>& out) {
  if (policy.skipped_entries != 0)
    out.push_back(counted(policy.skipped_entries, "list entry without a key is left out",
                          "list entries without a key are left out") +
                  " (see tek-without-key)");
  if (policy.skipped_protocols != 0)
    out.push_back(counted(policy.skipped_protocols,
                          "list entry is left out, being for another protocol than ESP",
                          "list entries are left out, being for other protocols than ESP"));
  for (std::size_t i = 0; i < std::min(most_named, policy.skipped.size()); ++i) {
    const auto& sat = policy.skipped[i];
    if (sat.selectors.empty())
      out.push_back(fmt::format("left out is entry {}, whose octets begin with {}", sat.number,
                                gdoi::hex_text(sat.body, gdoi::max_skipped_octets)));
    else
      out.push_back(
          fmt::format("left out is entry {}, '{}'", sat.number, gdoi::describe(sat.selectors)));
  }
}

std::ptrdiff_t denies_in(std::span<const gdoi::AccessEntry> entries) {
  return std::count_if(entries.begin(), entries.end(), [](const auto& entry) {
    return entry.action == gdoi::AccessEntry::Action::deny;
  });
}

// tell_denied says how much of the list the key server leaves in clear, when that is news.
void tell_denied(const gdoi::GroupPolicy& policy, const SaTable& before,
                 std::vector<std::string>& out) {
  const auto denies = denies_in(policy.entries);
  if (denies != 0 && denies != denies_in(before.entries()))
    out.push_back(fmt::format("{} of {} list entries deny: what they match stays in clear", denies,
                              policy.entries.size()));
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
  tell_denied(policy, before, out);
  return out;
}

std::vector<std::string> policy_warnings(const gdoi::GroupPolicy& policy, bool send_counter_modes) {
  std::vector<std::string> out;
  tell_skipped(policy, out);
  for (const auto& tek : policy.teks)
    if (auto line = warning_of(tek, send_counter_modes); !line.empty())
      out.push_back(std::move(line));
  if (policy.ignored_keys != 0)
    out.push_back(fmt::format(
        "{} keys or key packets are not understood, or belong to no list entry; CKM (KGS) and PFS "
        "rekeys of IOS-XE are not supported",
        policy.ignored_keys));
  if (policy.kek && policy.kek->policy.ignored_attributes != 0)
    out.push_back(fmt::format(
        "the KEK has {} attributes that are not understood; CKM (KGS) and PFS rekeys of IOS-XE are "
        "not supported",
        policy.kek->policy.ignored_attributes));
  if (policy.kek_without_key)
    out.emplace_back(
        "the policy of rekeys (SAK) came without a key, so there will be no rekeys: the next keys "
        "come by registering in time");
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
