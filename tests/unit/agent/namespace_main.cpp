// SPDX-License-Identifier: GPL-2.0-or-later
// Runs tests in a network namespace of their own, so that UDP port 848 is free and nothing of the
// machine's is touched. Where that is not permitted the tests are skipped, visibly.
#include <sched.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/support/run_catch.h"

int main(int argc, char** argv) {
  if (::unshare(CLONE_NEWNET) != 0) {
    std::printf("SKIPPED: no network namespace for the test: %s\n", std::strerror(errno));
    return 4;
  }
  if (std::system("ip link set lo up") != 0) {
    std::printf("SKIPPED: the program ip is not there\n");
    return 4;
  }
  return support::run_catch(argc, argv);
}
