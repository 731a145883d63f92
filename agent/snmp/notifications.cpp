// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/snmp/notifications.h"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "agent/control/status_groups.h"
#include "agent/snmp/identification.h"

namespace agent::snmp {
namespace {

using nlohmann::json;

enum Number : std::uint32_t {  // below cgmGdoiMIBNotifications
  gm_register = 5,
  gm_registration_complete = 6,
  gm_re_register = 7,
  gm_rekey_received = 8,
  gm_no_ipsec_flows = 10,
  gm_rekey_failure = 11
};

std::optional<Number> number_of(const json& event) {
  const auto& kind = event.at("event").get_ref<const std::string&>();
  if (kind == "registering")
    return event.at("facts").value("again", "no") == "yes" ? gm_re_register : gm_register;
  if (kind == "registered") return gm_registration_complete;
  if (kind == "rekeyed") return gm_rekey_received;
  if (kind == "rekey-refused") return gm_rekey_failure;
  if (kind == "install-failed") return gm_no_ipsec_flows;
  return std::nullopt;
}

const json* group_called(const json& status, const std::string& name) {
  for (const json& group : groups_of(status))
    if (group.at("group").at("name") == name) return &group;
  return nullptr;
}

// address_of takes the port off "10.0.0.5:850" or "[2001:db8::5]:850".
std::string address_of(const std::string& key_server) {
  if (key_server.substr(0, 1) == "[") return key_server.substr(1, key_server.find(']') - 1);
  const auto colon = key_server.find(':');
  const bool port =
      colon != std::string::npos && key_server.find(':', colon + 1) == std::string::npos;
  return port ? key_server.substr(0, colon) : key_server;
}

}  // namespace

std::optional<Notification> notification_of(const json& event, const json& status) {
  constexpr std::uint32_t server_type = 4, server_value = 6, rekeys_received = 8;
  const auto number = number_of(event);
  if (!number) return std::nullopt;
  Notification out;
  out.name = gdoi_mib();
  out.name.insert(out.name.end(), {0, *number});
  if (*number == gm_no_ipsec_flows) return out;

  const auto* const group = group_called(status, event.at("group").get<std::string>());
  if (group == nullptr) return out;
  const auto index = member_index(*group);
  const auto server =
      identification_of(address_of(event.at("facts").value("key_server", std::string{})));
  if (index.empty() || !server) return out;
  out.objects.emplace_back(member_column(server_type, index), integer(server->type));
  out.objects.emplace_back(member_column(server_value, index), octets(server->value));
  if (*number == gm_rekey_received || *number == gm_rekey_failure)
    out.objects.emplace_back(
        member_column(rekeys_received, index),
        counter32(group->at("rekeys").at("last_sequence").get<std::uint32_t>()));
  return out;
}

}  // namespace agent::snmp
