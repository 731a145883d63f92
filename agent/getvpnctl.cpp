// SPDX-License-Identifier: GPL-2.0-or-later
#include <iostream>

#include "agent/base/files.h"
#include "agent/config/options.h"
#include "agent/control/control_client.h"
#include "agent/control/requests.h"
#include "agent/control/show.h"

int main(int argc, char** argv) {
  const auto options = agent::parse_control_options(argc, argv);
  if (!options) return options.error();

  // The daemon hands a trace over once.
  if (options->command == "trace-stop" && agent::file_exists(options->file)) {
    std::cerr << "getvpnctl: " << options->file << " is there already\n";
    return agent::exit_failure;
  }
  auto answer =
      agent::ask_daemon(options->socket, agent::request_text(options->command, options->group));
  if (answer && options->command == "trace-stop") {
    auto text = agent::trace_text(*answer);
    auto written = text ? agent::write_new_file(options->file, *text)
                        : tl::unexpected<agent::Error>{text.error()};
    answer = written ? agent::Result<std::string>{"the trace is in " + options->file + "\n"}
                     : tl::unexpected<agent::Error>{written.error()};
  } else if (answer && options->command != "show")
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
