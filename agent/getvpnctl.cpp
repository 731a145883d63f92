// SPDX-License-Identifier: GPL-2.0-or-later
#include <iostream>

#include "agent/config/options.h"
#include "agent/control/control_client.h"
#include "agent/control/requests.h"
#include "agent/control/show.h"

int main(int argc, char** argv) {
  const auto options = agent::parse_control_options(argc, argv);
  if (!options) return options.error();

  auto answer =
      agent::ask_daemon(options->socket, agent::request_text(options->command, options->group));
  if (answer && options->command != "show")
    answer = agent::done_text(*answer);
  else if (answer)
    answer = options->json ? agent::show_json(*answer) : agent::show_text(*answer);
  if (!answer) {
    std::cerr << "getvpnctl: " << answer.error().what << '\n';
    return agent::exit_failure;
  }
  std::cout << *answer << std::flush;
  return std::cout ? agent::exit_fine : agent::exit_failure;
}
