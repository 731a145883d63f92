// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/counts/counting.h"

// Callgrind starts or stops counting when one of the two is entered and does the opposite when it
// returns (--toggle-collect in counts.py), so they have names that it knows. What stands behind the
// call keeps it from being made a jump.
extern "C" {
[[gnu::noinline]] void getvpn_counted(const std::function<void()>& part) {
  part();
  asm volatile("");
}
[[gnu::noinline]] void getvpn_uncounted(const std::function<void()>& part) {
  part();
  asm volatile("");
}
}

namespace counts {
namespace {

bool enabled = true, counting = false;

}  // namespace

void set_counting(bool on) { enabled = on; }

void counted(const std::function<void()>& part) {
  if (!enabled) return part();
  counting = true;
  getvpn_counted(part);
  counting = false;
}

void uncounted(const std::function<void()>& part) {
  if (!counting) return part();
  counting = false;
  getvpn_uncounted(part);
  counting = true;
}

}  // namespace counts
