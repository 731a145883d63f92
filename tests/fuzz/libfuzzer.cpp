// SPDX-License-Identifier: GPL-2.0-or-later
#include <cstdint>

#include "tests/fuzz/target.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)fuzz(gdoi::View{reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
