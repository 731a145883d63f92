// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/group/events.h"

#include <algorithm>
#include <array>

namespace agent {

namespace {

// A message ID is for ever: catalogs and filters of journals know events by it.
struct Row {
  EventKind kind;
  std::string_view name, message_id;
};
constexpr std::array rows{
    Row{EventKind::registering, "registering", "4848b9e1eb504bbeb0c94bc09f510267"},
    Row{EventKind::registered, "registered", "057aec4df3b54b0bba7efd9e88dd3eb5"},
    Row{EventKind::registration_failed, "registration-failed", "c1d54ada8ffd4add8d6b424aa9f79fd0"},
    Row{EventKind::rekeyed, "rekeyed", "2e5c926df39f4325be844ea04cc69406"},
    Row{EventKind::rekey_refused, "rekey-refused", "562f2d44b59f4ec88bbce4cc6b449f86"},
    Row{EventKind::rekey_key, "rekey-key", "340c5ff2595f45efbca2773ba9e5dddf"},
    Row{EventKind::installed, "installed", "965d4e9688df4b3f86397bdac4663c60"},
    Row{EventKind::install_failed, "install-failed", "662dadef3d764d449043675e3d217684"},
    Row{EventKind::tek_expired, "tek-expired", "f7683afe620d44dfa68779e6de498ebe"},
    Row{EventKind::lost, "lost", "32cb1f1b4068441d800e5f271f379e7d"},
    Row{EventKind::cleared, "cleared", "f0636c21f4004d4b9d65912ae625ad3f"},
    Row{EventKind::deleted, "deleted", "e7cf3690af6e47e585aa50a99d2652a6"},
    Row{EventKind::fail_closed, "fail-closed", "b8b7bfd1d6b441749d6d90f5cc35ba7c"},
    Row{EventKind::adopted, "adopted", "4e56e27469124040a19deadef0f75067"},
    Row{EventKind::uplink, "uplink", "51dc9ba244a54d4bbbbcad96a9b6ac3d"},
    Row{EventKind::drop, "drop", "aa0468d32eba4441a2eafca4d72d4a51"},
    Row{EventKind::drift, "drift", "e6790f6c59164b48b0e1b54ca0da94ce"},
    Row{EventKind::unknown_spi, "unknown-spi", "2e408490fe704529bb4d3cc62e54c697"},
    Row{EventKind::unknown_kek, "unknown-kek", "042fe52e4edf4bada2904f8c47f67746"},
    Row{EventKind::one_way, "one-way", "3952be6efeba4aae8fa02ccfae20dd8d"},
    Row{EventKind::replay, "replay", "71d522d18f0149cc88672b22d5c30d70"},
};

const Row& row_of(EventKind kind) noexcept {
  return *std::find_if(rows.begin(), rows.end(),
                       [kind](const Row& row) { return row.kind == kind; });
}

// field_of has the fact "key_server" as GETVPN_KEY_SERVER.
std::string field_of(std::string_view fact) {
  std::string out = "GETVPN_";
  for (const char c : fact) out += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return out;
}

LogFields fields_of(const Event& event) {
  LogFields out{{"MESSAGE_ID", std::string{message_id_of(event.kind)}},
                {group_field, event.group},
                {"GETVPN_EVENT", std::string{name_of(event.kind)}}};
  for (const auto& [name, value] : event.facts) out.emplace_back(field_of(name), value);
  return out;
}

}  // namespace

std::string_view name_of(EventKind kind) noexcept { return row_of(kind).name; }

std::string_view message_id_of(EventKind kind) noexcept { return row_of(kind).message_id; }

std::string_view mnemonic_of(const Event& event) noexcept {
  const std::string_view text = event.text;
  if (text.substr(0, 1) != "%") return {};
  return text.substr(0, text.find(':'));
}

Events::Events()
    : run_{fmt::to_string(std::chrono::duration_cast<std::chrono::microseconds>(
                              std::chrono::system_clock::now().time_since_epoch())
                              .count())} {}

void Events::add(Event event) {
  event.number = ++last_;
  event.time = std::chrono::system_clock::now();
  kept_.push_back(std::move(event));
  if (kept_.size() > room) kept_.pop_front();
}

void EventLog::add(Event event) const {
  log_.write(event.level, event.text, fields_of(event));
  if (events_ != nullptr) events_->add(std::move(event));
}

}  // namespace agent
