// SPDX-License-Identifier: GPL-2.0-or-later
#include <algorithm>
#include <array>

#include "agent/config/config_values.h"
#include "agent/config/group_values.h"
#include "agent/config/key_rows.h"
#include "agent/config/keys.h"

namespace agent {
namespace {

Result<std::optional<SystemGroup>> parse_system_group(std::string_view text) {
  if (text == "none") return std::optional<SystemGroup>{};
  return find_group(text).map([](SystemGroup&& group) { return std::optional{std::move(group)}; });
}

std::string group_name_of(const std::optional<SystemGroup>& group) {
  return group ? group->name : "none";
}

constexpr std::array daemon_table{
    DaemonKey{{"user", "USER", "Who to be after the start (default: getvpn-gm, if there is one)"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.user, find_user(text));
              },
              [](const DaemonConfig& config) {
                return config.user ? config.user->name : std::string{default_user};
              }},
    DaemonKey{
        {"control-socket", "PATH", "Socket for getvpnctl (default: /run/getvpn-gm/control.sock)"},
        [](DaemonConfig& config, std::string_view text) {
          return set(config.control_socket, parse_socket_path(text));
        },
        [](const DaemonConfig& config) { return config.control_socket; }},
    DaemonKey{{"operator-group", "GROUP|none",
               "System group that may use getvpnctl show, explain, verify and plan"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.operator_group, parse_system_group(text));
              },
              [](const DaemonConfig& config) { return group_name_of(config.operator_group); }},
    DaemonKey{{"admin-group", "GROUP|none", "System group that may use all of getvpnctl"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.admin_group, parse_system_group(text));
              },
              [](const DaemonConfig& config) { return group_name_of(config.admin_group); }},
    DaemonKey{{"state-file", "PATH|none",
               "What must outlive a restart (default: /var/lib/getvpn-gm/state)"},
              [](DaemonConfig& config, std::string_view text) -> Result<void> {
                if (text != "none") return set(config.state_file, parse_absolute_path(text));
                config.state_file = "";
                return {};
              },
              [](const DaemonConfig& config) {
                auto file = config.state_file_in_force();
                return file.empty() ? "none" : std::move(file);
              }},
    DaemonKey{{"log-level", "LEVEL", "error, warning, notice, info or debug (default: notice)"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.log_level, parse_log_level(text));
              },
              [](const DaemonConfig& config) { return std::string{name_of(config.log_level)}; }},
    DaemonKey{{"metrics", "WHERE",
               "For Prometheus: none, unix:PATH, 127.0.0.1:PORT or file:PATH.prom (default: none)"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.metrics, parse_metrics_target(text));
              },
              [](const DaemonConfig& config) { return metrics_target_text(config.metrics); }},
    DaemonKey{{"allow-key-export", "yes|no",
               "Hand keys to getvpnctl debug export-keys, for Wireshark (default: no)"},
              [](DaemonConfig& config, std::string_view text) {
                return set(config.allow_key_export, parse_flag(text));
              },
              [](const DaemonConfig& config) { return yes_or_no(config.allow_key_export); }},
};

}  // namespace

std::span<const DaemonKey> daemon_keys() noexcept { return daemon_table; }

const DaemonKey* find_daemon_key(std::string_view name) noexcept {
  const auto at = std::find_if(daemon_table.begin(), daemon_table.end(),
                               [&](const DaemonKey& key) { return key.name == name; });
  return at == daemon_table.end() ? nullptr : &*at;
}

}  // namespace agent
