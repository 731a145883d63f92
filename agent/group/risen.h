// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>

namespace agent {

// risen is how far one of the kernel's counts rose between two looks. One that is less than before
// began anew; one that was not there before counts from zero.
[[nodiscard]] constexpr std::uint64_t risen(std::uint64_t before, std::uint64_t now) noexcept {
  return now >= before ? now - before : now;
}

}  // namespace agent
