// SPDX-License-Identifier: GPL-2.0-or-later
// What both programs do with CLI11.
#pragma once

#include <CLI/CLI.hpp>
#include <iostream>
#include <optional>

#include "agent/config/options.h"

namespace agent {

// parse_command_line runs CLI11; nothing means go on.
inline std::optional<int> parse_command_line(CLI::App& app, int argc, const char* const* argv) {
  try {
    app.parse(argc, argv);
    return std::nullopt;
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\nTry --help.\n";
    return exit_usage;
  }
}

}  // namespace agent
