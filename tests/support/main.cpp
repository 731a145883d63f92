// SPDX-License-Identifier: GPL-2.0-or-later
// Ends with 1 when tests failed: Catch's own main ends with their number, and four failures would
// show up in ctest as a skipped test.
#define CATCH_CONFIG_RUNNER
#include "tests/support/catch.h"

int main(int argc, char** argv) { return Catch::Session().run(argc, argv) == 0 ? 0 : 1; }
