// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/hooks/hook_events.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "agent/base/timers.h"
#include "agent/control/status_groups.h"

namespace agent {
namespace {

using nlohmann::json;

// variable_of makes GETVPN_KEY_SERVER of "key_server".
std::string variable_of(std::string name) {
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    const bool is_small = c >= 'a' && c <= 'z';
    return is_small ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  });
  return "GETVPN_" + name;
}

// A value may have come from the network: it is one line.
std::string value_of(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c == 0x7f; }, ' ');
  return text;
}

HookEvent made(const std::string& event, const std::string& group, const std::string& reason) {
  HookEvent out{event, group, {{"GETVPN_EVENT", event}, {"GETVPN_GROUP", value_of(group)}}};
  if (!reason.empty()) out.environment.emplace_back("GETVPN_REASON", value_of(reason));
  return out;
}

// hook_of is what hooks know an event by. Without keys nothing that the list permits passes,
// whoever took them away.
std::string hook_of(const std::string& event) {
  if (event == "cleared") return "lost";
  const bool known = event == "registered" || event == "lost" || event == "rekeyed" ||
                     event == "uplink" || event == "drop";
  return known ? event : "";
}

}  // namespace

std::optional<HookEvent> HookEvents::on_event(const json& event) {
  const auto hook = hook_of(event.at("event").get<std::string>());
  if (hook.empty()) return std::nullopt;
  const auto group = event.at("group").get<std::string>();
  auto out = made(hook, group, event.at("event") == "cleared" ? "cleared by the operator" : "");
  for (const auto* name : {"time", "text", "mnemonic"})
    if (event.at(name).is_string())
      out.environment.emplace_back(variable_of(name), value_of(event[name].get<std::string>()));
  for (const auto& [name, value] : event.at("facts").items())
    if (value.is_string())
      out.environment.emplace_back(variable_of(name), value_of(value.get<std::string>()));
  groups_.erase("");
  if (hook == "registered") groups_[group] = {true};
  if (hook == "lost") groups_[group] = {false};
  return out;
}

void HookEvents::doubt(Group& group, const std::string& reason, Instant now) {
  if (group.up == false) return;
  if (!group.lost_at) group.lost_at = now + patience;
  group.reason = reason;
}

// look_at takes a group for up that has keys. While it has those of a predecessor only, which show
// does not list, nothing is told.
std::optional<HookEvent> HookEvents::look_at(const json& status, Instant now) {
  const auto name = status.at("group").at("name").get<std::string>();
  auto& group = groups_[name];
  if (status.at("enforced") == "predecessor") {
    group.lost_at.reset();
    return std::nullopt;
  }
  if (status.at("teks").empty()) {
    doubt(group, "there are no keys: " + status.at("state").get<std::string>(), now);
    return std::nullopt;
  }
  group.lost_at.reset();
  if (group.up == true) return std::nullopt;
  group.up = true;
  return made("registered", name, "it is registered");
}

std::vector<HookEvent> HookEvents::on_status(const json& document, Instant now) {
  groups_.erase("");
  std::vector<HookEvent> out;
  std::vector<std::string> names;
  for (const json& status : groups_of(document)) {
    names.push_back(status.at("group").at("name").get<std::string>());
    if (auto event = look_at(status, now)) out.push_back(std::move(*event));
  }
  for (auto& [name, group] : groups_)
    if (std::find(names.begin(), names.end(), name) == names.end())
      doubt(group, "it is no longer configured", now);
  return out;
}

void HookEvents::on_gone(const std::string& why, Instant now) {
  if (groups_.empty()) groups_[""];
  for (auto& [name, group] : groups_) doubt(group, why, now);
}

std::vector<HookEvent> HookEvents::wake(Instant now) {
  std::vector<HookEvent> out;
  for (auto& [name, group] : groups_) {
    if (!group.lost_at || now < *group.lost_at) continue;
    out.push_back(made("lost", name, group.reason));
    group = {false};
  }
  return out;
}

std::optional<Instant> HookEvents::deadline() const {
  std::optional<Instant> first;
  for (const auto& [name, group] : groups_) first = earliest({first, group.lost_at});
  return first;
}

}  // namespace agent
