// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/protocol_words.h"

#include <algorithm>
#include <array>

namespace gdoi {
namespace {

struct Word {
  std::string_view word;
  std::uint8_t number;
};
constexpr std::array words{
    Word{"ip", 0},    Word{"icmp", 1}, Word{"igmp", 2},    Word{"tcp", 6},    Word{"udp", 17},
    Word{"gre", 47},  Word{"esp", 50}, Word{"ahp", 51},    Word{"eigrp", 88}, Word{"ospf", 89},
    Word{"pim", 103}, Word{"ipv6", 0}, Word{"icmpv6", 58},
};
constexpr std::uint8_t icmpv6 = 58;

}  // namespace

std::string protocol_word(std::uint8_t protocol, Address::Family family) {
  const bool ipv6 = family == Address::Family::ipv6;
  if (protocol == 0) return ipv6 ? "ipv6" : "ip";
  if (protocol == icmpv6) return ipv6 ? "icmp" : std::to_string(protocol);
  const auto row = std::find_if(words.begin(), words.end(),
                                [&](const Word& one) { return one.number == protocol; });
  return row == words.end() ? std::to_string(protocol) : std::string{row->word};
}

std::optional<std::uint8_t> protocol_number(std::string_view word) noexcept {
  const auto row =
      std::find_if(words.begin(), words.end(), [&](const Word& one) { return one.word == word; });
  if (row == words.end()) return std::nullopt;
  return row->number;
}

}  // namespace gdoi
