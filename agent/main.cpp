// SPDX-License-Identifier: GPL-2.0-or-later
#include <iostream>

#include "agent/address.h"
#include "agent/daemon.h"
#include "agent/options.h"

namespace {

int complain(const agent::Error& error, int code) {
  std::cerr << "getvpn-gm: " << error.what << '\n';
  return code;
}

// Each key server must have a secret, its own or the one for any.
agent::Result<agent::Credentials> load_credentials(const agent::Config& config) {
  auto credentials = agent::Credentials::load(config.secrets_file);
  if (!credentials) return credentials;
  for (const auto& server : config.key_servers)
    if (credentials->find(server.address) == nullptr)
      return agent::fail(config.secrets_file + ": no secret for key server " +
                         agent::to_string(server.address) + ", and none for 'any'");
  return credentials;
}

agent::Result<agent::Setup> load(agent::DaemonConfig config) {
  agent::Setup out{std::move(config), {}};
  for (const auto& group : out.config.groups) {
    auto credentials = load_credentials(group);
    if (!credentials) return tl::unexpected<agent::Error>{credentials.error()};
    out.credentials.push_back(std::move(*credentials));
  }
  return out;
}

int run(agent::Setup setup, agent::Reload reload) {
  const agent::Log log{setup.config.log_level, agent::stderr_sink(agent::stderr_is_journal())};
  auto daemon = agent::Daemon::start(std::move(setup), std::move(reload), log);
  auto outcome = daemon ? (*daemon)->run() : tl::unexpected<agent::Error>{daemon.error()};
  if (outcome) return agent::exit_fine;
  log.error("{}", outcome.error().what);
  return agent::exit_failure;
}

}  // namespace

int main(int argc, char** argv) {
  auto options = agent::parse_daemon_options(argc, argv);
  if (!options) return options.error();
  auto setup = load(options->config);
  if (!setup) return complain(setup.error(), agent::exit_usage);
  if (options->check) {
    std::cout << "configuration and secrets are fine:\n" << agent::describe(options->config);
    return agent::exit_fine;
  }
  return run(std::move(*setup), [argc, argv]() -> agent::Result<agent::Setup> {
    auto again = agent::reload_config(argc, argv);
    if (!again) return tl::unexpected<agent::Error>{again.error()};
    return load(std::move(*again));
  });
}
