// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/freed_memory.h"

#include <malloc.h>
#include <sys/resource.h>

#include "agent/io/privileges.h"

namespace agent {
namespace {

// A page is taken when it is used for the first time, or again after it was returned.
long pages_taken() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_minflt : 0;
}

}  // namespace

void FreedMemory::prepare() { ::mallopt(M_MMAP_THRESHOLD, 128 << 10); }

Result<void> FreedMemory::give_back(Instant now) {
  const bool many = pages_taken() - taken_ >= many_pages;
  if (!many && (!again_at_ || now < *again_at_)) return {};
  again_at_ = many ? std::optional{now + settling} : std::nullopt;
  auto locked = while_unlocked([] { ::malloc_trim(0); });
  taken_ = pages_taken();
  return locked;
}

}  // namespace agent
