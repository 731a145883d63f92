// SPDX-License-Identifier: GPL-2.0-or-later
// The command lines of the programs. CLI11 is seen by *options.cpp only.
#pragma once

#include <optional>
#include <string>

#include "agent/config/daemon_config.h"
#include "agent/config/show_command.h"

namespace agent {

struct DaemonOptions {
  DaemonConfig config;
  bool check = false;  // --check: say what was understood and end
};

struct ControlOptions {
  std::string socket;
  std::string config_file;
  std::string command;  // as requests name it
  std::string file;     // of trace-stop and export-keys: where that goes
  std::optional<std::string> group;
  std::vector<std::string> words;  // as of a request (control/requests.h)
  ShowCommand show;
  bool json = false;
  bool past = false;  // of monitor: begin with what came before
  std::string hooks;  // of monitor: run the programs of this directory, and print nothing
  gdoi::seconds hook_limit{10};       // each of them so long
  std::uint64_t count = 0;            // of monitor: end after so many events; 0: do not
  std::optional<gdoi::seconds> wait;  // for a registration, at most so long
};

struct SnmpOptions {
  std::string socket;
  std::string agentx = "/var/agentx/master";
};

// Exit codes of the programs.
inline constexpr int exit_fine = 0, exit_failure = 1, exit_usage = 2;
// Of getvpnctl: it could be told, and is not as it should be.
inline constexpr int exit_differs = 3;

// Parsed is either options, or the exit code of a program that has said all it had to say (help,
// version, or an error on standard error).
template <class Options>
using Parsed = tl::expected<Options, int>;

// parse_daemon_options reads the command line of getvpn-gm and the configuration file it names.
[[nodiscard]] Parsed<DaemonOptions> parse_daemon_options(int argc, const char* const* argv);

// reload_config reads the same command line and the file once more.
[[nodiscard]] Result<DaemonConfig> reload_config(int argc, const char* const* argv);

// parse_control_options reads the command line of getvpnctl, parse_snmp_options that of
// getvpn-gm-snmp.
[[nodiscard]] Parsed<ControlOptions> parse_control_options(int argc, const char* const* argv);
[[nodiscard]] Parsed<SnmpOptions> parse_snmp_options(int argc, const char* const* argv);

// control_socket_of is the one given; if that is empty, the control-socket of a configuration file
// when it can be read, else the default.
[[nodiscard]] std::string control_socket_of(const std::string& given,
                                            const std::string& config_file);

}  // namespace agent
