// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/options.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <iostream>

#include "agent/config/command_line.h"
#include "agent/config/keys.h"

#ifndef GETVPN_VERSION
#error "GETVPN_VERSION comes from CMake"
#endif

namespace agent {
namespace {

struct Given {
  std::string name;
  CLI::Option* option;
  bool flag = false;
};

void add_key(CLI::App& app, const Key& key, std::string_view name, std::vector<Given>& out) {
  const std::string option_name = "--" + std::string{name}, help{key.help};
  if (key.metavar.empty()) {
    out.push_back({std::string{name}, app.add_flag(option_name, help), true});
    return;
  }
  auto* option = app.add_option(option_name, help);
  // Given twice: each is kept, and daemon_config.cpp decides whether that is allowed.
  option->type_name(std::string{key.metavar})
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->expected(1)
      ->allow_extra_args(false);
  if (name != key.name) option->group("");  // the name of earlier releases: not in --help
  out.push_back({std::string{name}, option, false});
}

std::vector<Given> add_keys(CLI::App& app) {
  std::vector<Given> out;
  const auto add = [&](const Key& key) {
    add_key(app, key, key.name, out);
    if (!key.alias.empty()) add_key(app, key, key.alias, out);
  };
  for (const auto& key : group_keys()) add(key);
  for (const auto& key : daemon_keys()) add(key);
  return out;
}

Settings settings_of(const std::vector<Given>& given) {
  Settings out;
  for (const auto& [name, option, flag] : given) {
    if (flag && option->count() > 0) out.push_back({name, "yes", "--" + name});
    if (flag) continue;
    for (const auto& value : option->results()) out.push_back({name, value, "--" + name});
  }
  return out;
}

template <class Options>
Parsed<Options> refuse(const char* program, const Error& error) {
  std::cerr << program << ": " << error.what << '\n';
  return tl::unexpected<int>{exit_usage};
}

// The default file may be absent; one that was asked for must be there.
Result<SettingsFile> file_settings(const std::string& file, bool asked_for) {
  if (!asked_for && ::access(file.c_str(), F_OK) != 0 && errno == ENOENT) return SettingsFile{};
  return read_settings(file);
}

// CommandLine is what getvpn-gm may be called with.
struct CommandLine {
  CLI::App app{
      "GETVPN (GDOI, RFC 6407) group member: registers with a key server and protects traffic "
      "with ESP that keeps the original IP header.",
      "getvpn-gm"};
  std::string file = default_config_file;
  bool check = false;
  CLI::Option* config_option =
      app.add_option("--config", file, "Configuration file (default: " + file + ")")
          ->type_name("FILE");
  std::vector<Given> given = add_keys(app);

  CommandLine() {
    app.add_flag("--check", check,
                 "Check configuration and secrets, say what was understood, and end");
    app.set_version_flag("--version", "getvpn-gm " GETVPN_VERSION);
  }

  [[nodiscard]] Result<DaemonConfig> config() const {
    const auto from_file = file_settings(file, config_option->count() > 0);
    if (!from_file) return tl::unexpected<Error>{from_file.error()};
    return make_daemon_config(*from_file, settings_of(given));
  }
};

}  // namespace

Parsed<DaemonOptions> parse_daemon_options(int argc, const char* const* argv) {
  CommandLine line;
  if (const auto code = parse_command_line(line.app, argc, argv)) return tl::unexpected<int>{*code};
  auto config = line.config();
  if (!config) return refuse<DaemonOptions>("getvpn-gm", config.error());
  return DaemonOptions{std::move(*config), line.check};
}

Result<DaemonConfig> reload_config(int argc, const char* const* argv) {
  CommandLine line;
  if (parse_command_line(line.app, argc, argv))
    return fail("the command line cannot be read again");
  return line.config();
}

}  // namespace agent
