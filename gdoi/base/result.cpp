// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/base/result.h"

#include <algorithm>

namespace gdoi {

std::string_view name_of(Errc code) noexcept {
  switch (code) {
    case Errc::truncated:
      return "truncated";
    case Errc::malformed:
      return "malformed";
    case Errc::unexpected:
      return "unexpected";
    case Errc::unsupported:
      return "unsupported";
    case Errc::not_authentic:
      return "not authentic";
    case Errc::untrusted:
      return "untrusted";
    case Errc::refused:
      return "refused";
    case Errc::timed_out:
      return "timed out";
    case Errc::crypto:
      return "cryptographic failure";
  }
  return "unknown";
}

std::string hex_text(View octets, std::size_t most) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const std::byte octet : octets.first(std::min(most, octets.size()))) {
    if (!out.empty()) out += ' ';
    const auto value = std::to_integer<unsigned>(octet);
    out += {digits[value >> 4], digits[value & 15]};
  }
  if (octets.size() > most) out += " ...";
  return out;
}

}  // namespace gdoi
