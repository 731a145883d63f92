// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/secret_strength.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "agent/base/address.h"

namespace agent {
namespace {

// How many octets there are to choose from, by the kinds that occur.
unsigned alphabet(gdoi::View secret) noexcept {
  const auto has = [&](auto is) { return std::any_of(secret.begin(), secret.end(), is); };
  const auto between = [](char low, char high) {
    return [=](std::byte octet) { return octet >= std::byte(low) && octet <= std::byte(high); };
  };
  if (has([](std::byte octet) { return octet < std::byte{0x20} || octet > std::byte{0x7e}; }))
    return 256;
  const auto lower = between('a', 'z'), upper = between('A', 'Z'), digit = between('0', '9');
  const bool other =
      has([&](std::byte octet) { return !lower(octet) && !upper(octet) && !digit(octet); });
  return (has(lower) ? 26 : 0) + (has(upper) ? 26 : 0) + (has(digit) ? 10 : 0) + (other ? 33 : 0);
}

std::string strength_of(const SecretLine& line) {
  // RFC 8784 section 5.1 wants 256 bits of a key that shall give 128 against a quantum computer.
  constexpr unsigned enough = 256, weak = 80;
  const auto bits = estimated_bits(line.secret.view());
  auto out = fmt::format("secret on line {}: at most {} bits", line.line, bits);
  if (bits < weak)
    return out +
           "; whoever poses as a key server, or listens in aggressive mode, can try all likely "
           "ones";
  if (bits < enough)
    return out + fmt::format(
                     ", at most {} against a quantum computer; 256 random bits would do "
                     "(RFC 8784)",
                     bits / 2);
  return out + "; if it is random, recorded exchanges withstand a quantum computer (RFC 8784)";
}

}  // namespace

unsigned estimated_bits(gdoi::View secret) noexcept {
  if (secret.empty()) return 0;
  const double each = std::log2(alphabet(secret));
  double bits = 0;
  for (std::size_t i = 0; i < secret.size(); ++i) {
    const int step =
        i == 0 ? 2 : std::to_integer<int>(secret[i]) - std::to_integer<int>(secret[i - 1]);
    bits += std::abs(step) <= 1 ? std::min(1.0, each) : each;
  }
  return static_cast<unsigned>(bits);
}

std::vector<std::string> secret_remarks(const SecretsFile& secrets,
                                        std::span<const KeyServer> key_servers,
                                        std::span<const gdoi::Identification> identities) {
  std::vector<std::string> out;
  std::vector<const SecretLine*> seen;
  for (const auto& server : key_servers) {
    const auto* const line = secrets.find(server.address, identities, server.name);
    if (line == nullptr || std::find(seen.begin(), seen.end(), line) != seen.end()) continue;
    out.push_back(strength_of(*line));
    if (line->is_for_any())
      out.push_back(fmt::format(
          "secret on line {} is for 'any': whoever knows it can pose as a key server. Where "
          "members "
          "share it, each of them can (RFC 6407 section 7.2.6); certificates prevent that, "
          "rekey-key limits it",
          line->line));
    for (const auto* other : seen)
      if (other->secret.equals(line->secret.view()))
        out.push_back(
            fmt::format("the secrets on lines {} and {} are the same: a group-wide key lets "
                        "members pose as key servers (RFC 6407 section 7.2.6)",
                        other->line, line->line));
    seen.push_back(line);
  }
  return out;
}

}  // namespace agent
