// SPDX-License-Identifier: GPL-2.0-or-later
#include <csignal>
#include <iostream>
#include <set>

#include "agent/base/address.h"
#include "agent/base/log_output.h"
#include "agent/config/available_crypto.h"
#include "agent/config/options.h"
#include "agent/daemon.h"
#include "agent/freed_memory.h"
#include "agent/io/name_lookup.h"
#include "agent/io/privileges.h"
#include "agent/kernel/host_findings.h"
#include "agent/kernel/uplink.h"
#include "gdoi/crypto/available.h"

namespace {

int complain(const agent::Error& error, int code) {
  std::cerr << "getvpn-gm: " << error.what << '\n';
  return code;
}

agent::Result<agent::DaemonSetup> load(agent::DaemonConfig config) {
  if (const auto missing = agent::leave_available(config); !missing)
    return tl::unexpected<agent::Error>{missing.error()};
  else if (!missing->empty())
    std::cerr << fmt::format(
        "getvpn-gm: OpenSSL refuses {}, which is neither offered nor accepted\n",
        fmt::join(*missing, ", "));
  agent::DaemonSetup out{std::move(config), {}};
  for (const auto& group : out.config.groups) {
    auto credentials =
        agent::Credentials::load(group.config.authentication, group.config.key_servers);
    if (!credentials) return tl::unexpected<agent::Error>{credentials.error()};
    out.credentials.push_back(std::move(*credentials));
  }
  return out;
}

int run(agent::DaemonSetup setup, const agent::Result<void>& hidden, agent::Reload reload) {
  // Whoever reads our log may go away.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  agent::LogOutput output{STDERR_FILENO, agent::stderr_is_journal()};
  agent::Log log{setup.config.log_level, output.sink()};
  for (const auto& warning : agent::warnings(setup.config)) log.warning("{}", warning);
  for (const auto& credentials : setup.credentials)
    for (const auto& warning : credentials.warnings()) log.warning("{}", warning);
  auto daemon = agent::Daemon::start(std::move(setup), std::move(reload), log, output);
  if (daemon && !hidden) log.warning("{}", hidden.error().what);
  auto outcome = daemon ? (*daemon)->run() : tl::unexpected<agent::Error>{daemon.error()};
  if (outcome) return agent::exit_fine;
  log.error("{}", outcome.error().what);
  return agent::exit_failure;
}

// print_host_findings: what is wrong with the machine is no fault of the configuration.
void print_host_findings(const std::vector<agent::GroupConfig>& groups) {
  agent::HostFindings host;
  std::set<std::string> lines;  // groups may share an interface
  for (const auto& group : groups) {
    const auto found = host.look_for(group);
    if (!found) lines.insert("cannot look for hostile settings: " + found.error().what);
    if (found)
      for (const auto& finding : *found)
        lines.insert("hostile setting: " + agent::finding_text(finding));
  }
  for (const auto& line : lines) std::cout << "warning: " << line << '\n';
}

// look_up resolves the name of a key server now.
agent::Lookup::Found look_up(const std::string& name, const std::string& vrf) {
  auto loop = agent::EventLoop::create();
  if (!loop) return tl::unexpected<agent::Error>{loop.error()};
  agent::NameLookup lookup{*loop, name, {vrf}, agent::boot_time()};
  const auto ran = loop->run([&](agent::Instant now) {
    lookup.wake(now);
    if (lookup.found()) loop->stop();
    return lookup.deadline();
  });
  if (!ran) return tl::unexpected<agent::Error>{ran.error()};
  return *lookup.found();
}

// resolved says where the key servers are that are given by name, and leaves out those that cannot
// be found.
agent::GroupConfig resolved(const agent::GroupConfig& config) {
  auto located = config;
  auto& out = located.key_servers;
  out.clear();
  for (const auto& server : config.key_servers) {
    if (server.name.empty()) {
      out.push_back(server);
      continue;
    }
    const auto found = look_up(server.name, config.vrf);
    if (!found) {
      std::cout << "warning: key server " << server.name
                << " cannot be resolved here and now: " << found.error().what << '\n';
      continue;
    }
    std::string addresses;
    for (const auto& address : *found) {
      addresses += (addresses.empty() ? "" : ", ") + agent::to_string(address);
      out.push_back({{address, server.port}, server.name});
    }
    std::cout << "remark: key server " << server.name << " is at " << addresses << '\n';
  }
  return located;
}

// check_uplink says how the key servers would be reached from here, now.
void check_uplink(const agent::GroupConfig& config) {
  const auto uplink = agent::current_uplink(config);
  if (!uplink) {
    std::cout << "remark: here and now no key server can be reached: " << uplink.error().what
              << '\n';
    return;
  }
  std::cout << "remark: the WAN is " << fmt::format("{}", fmt::join(uplink->interfaces, ", "))
            << ", registering from " << agent::to_string(uplink->source) << '\n';
  if (const auto text = agent::advice(*uplink); !text.empty())
    std::cout << "warning: " << text << '\n';
}

}  // namespace

int main(int argc, char** argv) {
  agent::FreedMemory::prepare();
  gdoi::leave_out_error_texts();
  auto options = agent::parse_daemon_options(argc, argv);
  if (!options) return options.error();
  const auto hidden = agent::hide_memory();
  auto setup = load(options->config);
  if (!setup) return complain(setup.error(), agent::exit_usage);
  if (options->check) {
    std::cout << "configuration and secrets are fine:\n" << agent::describe(setup->config);
    for (const auto& warning : agent::warnings(setup->config))
      std::cout << "warning: " << warning << '\n';
    for (const auto& credentials : setup->credentials)
      for (const auto& warning : credentials.warnings())
        std::cout << "warning: " << warning << '\n';
    std::vector<agent::GroupConfig> located;
    for (const auto& group : setup->config.groups) located.push_back(resolved(group.config));
    print_host_findings(located);
    for (const auto& credentials : setup->credentials)
      for (const auto& remark : credentials.remarks()) std::cout << "remark: " << remark << '\n';
    for (const auto& group : located) check_uplink(group);
    return agent::exit_fine;
  }
  return run(std::move(*setup), hidden, [argc, argv]() -> agent::Result<agent::DaemonSetup> {
    auto again = agent::reload_config(argc, argv);
    if (!again) return tl::unexpected<agent::Error>{again.error()};
    return load(std::move(*again));
  });
}
