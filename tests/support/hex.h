// SPDX-License-Identifier: GPL-2.0-or-later
// Octets as people write them.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "gdoi/base/result.h"

namespace support {

// octets reads hexadecimal digits; blanks and line ends between octets are free. Anything else is
// a mistake in the test, and throws.
[[nodiscard]] inline gdoi::Bytes octets(std::string_view text) {
  const auto digit = [](char c) -> unsigned {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    throw std::invalid_argument{std::string{"not a hexadecimal digit: "} + c};
  };
  gdoi::Bytes out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == ' ' || text[i] == '\n') {
      ++i;
      continue;
    }
    if (i + 1 == text.size()) throw std::invalid_argument{"half an octet"};
    out.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
    i += 2;
  }
  return out;
}

// text_octets takes the characters of `text` as they are.
[[nodiscard]] inline gdoi::Bytes text_octets(std::string_view text) {
  gdoi::Bytes out(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) out[i] = static_cast<std::byte>(text[i]);
  return out;
}

// hex writes octets as two digits each, without blanks. Comparing two of these shows the difference
// when a test fails.
[[nodiscard]] inline std::string hex(gdoi::View octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte octet : octets) {
    out += digits[std::to_integer<std::size_t>(octet >> 4)];
    out += digits[std::to_integer<std::size_t>(octet & std::byte{0x0f})];
  }
  return out;
}

// joined puts pieces of a message together.
[[nodiscard]] inline gdoi::Bytes joined(std::initializer_list<gdoi::View> parts) {
  gdoi::Bytes out;
  for (const gdoi::View part : parts) out.insert(out.end(), part.begin(), part.end());
  return out;
}

}  // namespace support
