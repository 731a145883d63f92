// SPDX-License-Identifier: GPL-2.0-or-later
// Results in the words of a test.
#pragma once

#include <cstdint>
#include <string>

#include "gdoi/base/result.h"

namespace support {

// failure says how `result` failed, "malformed: SEQ"; it is empty when it did not. Comparing with a
// string shows the other failure when a test fails.
template <class T>
[[nodiscard]] std::string failure(const gdoi::Result<T>& result) {
  if (result) return {};
  return std::string{name_of(result.error().code)} + ": " + std::string{result.error().where};
}

// detail is the number that came with a failure.
template <class T>
[[nodiscard]] std::uint32_t detail(const gdoi::Result<T>& result) {
  return result ? 0 : result.error().detail;
}

}  // namespace support
