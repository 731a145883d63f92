// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel tests run in network namespaces of their own, one a test. Where there may be none they are
// skipped, visibly; so are those that need ESP (GETVPN_NEEDS_ESP) on a kernel without.
#include <cstdio>

#include "tests/kernel/namespace.h"
#include "tests/support/run_catch.h"

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
  return support::run_catch(argc, argv);
}
