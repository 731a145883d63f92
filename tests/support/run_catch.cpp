// SPDX-License-Identifier: GPL-2.0-or-later
// Catch2's own code, in version 2: compiled here, once, because it takes longer than any of the
// tests.
#define CATCH_CONFIG_RUNNER
#include "tests/support/run_catch.h"

#include "tests/support/catch.h"

int support::run_catch(int argc, char** argv) {
  return Catch::Session().run(argc, argv) == 0 ? 0 : 1;
}
