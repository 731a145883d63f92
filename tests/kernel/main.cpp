// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel tests run in network namespaces of their own, one a test. Where there may be none they are
// skipped, visibly; so are those that need ESP (GETVPN_NEEDS_ESP) on a kernel without.
#define CATCH_CONFIG_RUNNER

#include <cstdio>

#include "tests/kernel/namespace.h"
#include "tests/support/catch.h"

int main(int argc, char** argv) {
  if (const auto why = test::enter_namespace(); !why.empty()) {
    std::printf("SKIPPED: %s\n", why.c_str());
    return 4;
  }
#ifdef GETVPN_NEEDS_ESP
  if (!test::kernel_has_esp()) {
    std::printf("SKIPPED: this kernel has no ESP; tests/vm/run has one that does\n");
    return 4;
  }
#endif
  // Not the number of failures, which might be what says "skipped".
  return Catch::Session().run(argc, argv) == 0 ? 0 : 1;
}
