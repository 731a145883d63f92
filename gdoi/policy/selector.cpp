// SPDX-License-Identifier: GPL-2.0-or-later
#include "gdoi/policy/selector.h"

#include <optional>
#include <string_view>

#include "gdoi/policy/protocol_words.h"

namespace gdoi {
namespace {

unsigned octet(const Address& address, std::size_t at) noexcept {
  return std::to_integer<unsigned>(address.bytes[at]);
}

std::string dotted(const Address& address) {
  std::string out = std::to_string(octet(address, 0));
  for (std::size_t i = 1; i < 4; ++i) out += '.' + std::to_string(octet(address, i));
  return out;
}

std::string hex(unsigned value) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (int shift = 12; shift >= 0; shift -= 4) {
    const unsigned digit = value >> shift & 0xf;
    if (digit != 0 || !out.empty() || shift == 0) out += digits[digit];
  }
  return out;
}

struct Run {
  std::size_t begin = 0, length = 0;
};

// RFC 5952 section 4.2: the longest run of zero groups is shortened, the first of equals, and not a
// single group.
Run longest_zeros(const std::array<unsigned, 8>& groups) noexcept {
  Run best, current;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] != 0) {
      current = {};
      continue;
    }
    if (current.length == 0) current.begin = i;
    ++current.length;
    if (current.length > best.length) best = current;
  }
  return best.length < 2 ? Run{} : best;
}

std::string colons(const Address& address) {
  std::array<unsigned, 8> groups{};
  for (std::size_t i = 0; i < groups.size(); ++i)
    groups[i] = octet(address, 2 * i) << 8 | octet(address, 2 * i + 1);
  const Run zeros = longest_zeros(groups);

  std::string out;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    if (zeros.length != 0 && i == zeros.begin) {
      out += "::";
      i += zeros.length - 1;
      continue;
    }
    if (!out.empty() && out.back() != ':') out += ':';
    out += hex(groups[i]);
  }
  return out;
}

// prefix_length returns the length when `range` is one prefix: the ends differ in their last bits
// only, where one has zeros and the other ones.
std::optional<unsigned> prefix_length(const AddressRange& range) noexcept {
  const auto bits = static_cast<unsigned>(8 * range.first.size());
  const auto bit = [](const Address& address, unsigned at) {
    return octet(address, at / 8) >> (7 - at % 8) & 1;
  };
  unsigned length = 0;
  while (length < bits && bit(range.first, length) == bit(range.last, length)) ++length;
  for (unsigned at = length; at < bits; ++at)
    if (bit(range.first, at) != 0 || bit(range.last, at) != 1) return std::nullopt;
  return length;
}

Address wildcard(const AddressRange& range) noexcept {
  Address out = range.first;
  for (std::size_t i = 0; i < out.size(); ++i) out.bytes[i] ^= range.last.bytes[i];
  return out;
}

std::string describe(const AddressRange& range) {
  if (range.is_any()) return "any";
  if (range.first == range.last) return "host " + describe(range.first);
  const auto prefix = prefix_length(range);
  if (!prefix) return describe(range.first) + '-' + describe(range.last);
  if (range.first.family == Address::Family::ipv6)
    return describe(range.first) + '/' + std::to_string(*prefix);
  return describe(range.first) + ' ' + describe(wildcard(range));
}

// ICMP has no ports; what stands in the field there is type and code to some, nothing to others.
bool has_ports(std::uint8_t protocol) noexcept { return protocol != 1 && protocol != 58; }

std::string describe(const TrafficEnd& end, std::uint8_t protocol) {
  std::string out = describe(end.addresses);
  if (end.port == 0 || !has_ports(protocol)) return out;
  const auto first = std::to_string(end.port);
  if (end.last_port == 0) return out + " eq " + first;
  return out + " range " + first + ' ' + std::to_string(end.last_port);
}

}  // namespace

AddressRange AddressRange::any(Address::Family family) noexcept {
  AddressRange out;
  out.first.family = out.last.family = family;
  std::fill_n(out.last.bytes.begin(), out.last.size(), std::byte{0xff});
  return out;
}

std::string describe(const TrafficSelector& selector) {
  const auto family = selector.source.addresses.first.family;
  return protocol_word(selector.protocol, family) + ' ' +
         describe(selector.source, selector.protocol) + ' ' +
         describe(selector.destination, selector.protocol);
}

std::string describe(const std::vector<TrafficSelector>& selectors) {
  if (selectors.empty()) return {};
  const auto more = selectors.size() - 1;
  return describe(selectors.front()) + (more == 0 ? "" : " and " + std::to_string(more) + " more");
}

std::string describe(const Address& address) {
  return address.family == Address::Family::ipv4 ? dotted(address) : colons(address);
}

std::string describe(const GroupId& group) {
  if (const auto* address = std::get_if<Address>(&group)) return describe(*address);
  return std::to_string(std::get<GroupNumber>(group).value);
}

}  // namespace gdoi
