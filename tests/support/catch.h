// SPDX-License-Identifier: GPL-2.0-or-later
// Catch2, version 2 (Debian 12) or 3 (Debian 13): the one place that knows which.
#pragma once

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#include <string>

namespace Catch {  // the names that version 2 has for its string matchers

inline auto StartsWith(const std::string& text, CaseSensitive letters = CaseSensitive::Yes) {
  return Matchers::StartsWith(text, letters);
}
inline auto EndsWith(const std::string& text, CaseSensitive letters = CaseSensitive::Yes) {
  return Matchers::EndsWith(text, letters);
}
inline auto Contains(const std::string& text, CaseSensitive letters = CaseSensitive::Yes) {
  return Matchers::ContainsSubstring(text, letters);
}
inline auto Equals(const std::string& text, CaseSensitive letters = CaseSensitive::Yes) {
  return Matchers::Equals(text, letters);
}

}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
