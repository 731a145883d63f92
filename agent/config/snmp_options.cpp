// SPDX-License-Identifier: GPL-2.0-or-later
// The command line of getvpn-gm-snmp.
#include "agent/config/command_line.h"
#include "agent/config/options.h"

namespace agent {

Parsed<SnmpOptions> parse_snmp_options(int argc, const char* const* argv) {
  CLI::App app{
      "Tells SNMP what the GETVPN group member getvpn-gm is doing: CISCO-GDOI-MIB, by AgentX.",
      "getvpn-gm-snmp"};
  std::string file = default_config_file;
  SnmpOptions out;
  app.add_option("--socket", out.socket, "Control socket of the daemon")->type_name("PATH");
  app.add_option("--config", file, "File whose control-socket counts (default: " + file + ")")
      ->type_name("FILE");
  app.add_option("--agentx", out.agentx,
                 "Where the SNMP daemon takes sub-agents (default: " + out.agentx + ")")
      ->type_name("ADDRESS");
  app.set_version_flag("--version", "getvpn-gm-snmp " GETVPN_VERSION);
  if (const auto code = parse_command_line(app, argc, argv)) return tl::unexpected<int>{*code};
  out.socket = control_socket_of(out.socket, file);
  return out;
}

}  // namespace agent
