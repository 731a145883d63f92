// SPDX-License-Identifier: GPL-2.0-or-later
// The main function of programs whose tests need recorded exchanges: without these it says so and
// ends with 4, which ctest shows as skipped.
#include <iostream>

#include "tests/support/run_catch.h"
#include "tests/support/vector_file.h"

int main(int argc, char** argv) {
  const auto folder = support::recorded_folder();
  if (!std::filesystem::is_directory(folder)) {
    std::cerr << "skipped: no recorded exchanges in " << folder << " (see GETVPN_VECTORS)\n";
    return 4;
  }
  return support::run_catch(argc, argv);
}
