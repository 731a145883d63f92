// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

namespace support {

// run_catch runs the tests that the command line names. It returns 1 when tests failed: Catch's own
// main returns their number, and four failures would show up in ctest as a skipped test.
int run_catch(int argc, char** argv);

}  // namespace support
