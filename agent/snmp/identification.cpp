// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/snmp/identification.h"

#include <charconv>

#include "agent/base/address.h"

namespace agent::snmp {
namespace {

enum Type : std::uint32_t {
  ipv4_address = 1,
  ipv4_subnet = 4,
  ipv6_address = 5,
  ipv6_subnet = 6,
  ipv4_range = 7,
  ipv6_range = 8,
  group_number = 11
};

bool is_ipv6(const gdoi::Address& address) { return address.family == gdoi::Address::Family::ipv6; }

std::string octets_of(const gdoi::Address& address) {
  std::string out;
  for (std::size_t i = 0; i < address.size(); ++i) out += static_cast<char>(address.bytes[i]);
  return out;
}

// mask_of is the mask when the range is a subnet: a one for each bit in which both ends are alike,
// and behind the first zero no one.
std::optional<std::string> mask_of(const std::string& first, const std::string& last) {
  std::string out;
  bool inside = true;
  for (std::size_t i = 0; i < first.size(); ++i) {
    unsigned mask = 0;
    for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
      const bool low = (static_cast<unsigned char>(first[i]) & bit) != 0;
      const bool high = (static_cast<unsigned char>(last[i]) & bit) != 0;
      inside = inside && low == high;
      if (inside)
        mask |= bit;
      else if (low || !high)
        return std::nullopt;
    }
    out += static_cast<char>(mask);
  }
  return out;
}

}  // namespace

std::optional<Identification> identification_of(std::string_view address) {
  return identification_of(address, address);
}

std::optional<Identification> identification_of(std::string_view first, std::string_view last) {
  const auto from = parse_address(first), to = parse_address(last);
  if (!from || !to || from->family != to->family) return std::nullopt;
  const bool ipv6 = is_ipv6(*from);
  const auto low = octets_of(*from), high = octets_of(*to);
  if (low == high) return Identification{ipv6 ? ipv6_address : ipv4_address, low};
  if (const auto mask = mask_of(low, high))
    return Identification{ipv6 ? ipv6_subnet : ipv4_subnet, low + *mask};
  return Identification{ipv6 ? ipv6_range : ipv4_range, low + high};
}

std::optional<Identification> group_identification(std::string_view identity) {
  if (auto address = identification_of(identity)) return address;
  std::uint32_t number = 0;
  const auto* end = identity.data() + identity.size();
  const auto read = std::from_chars(identity.data(), end, number);
  if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
  std::string value;
  for (int shift = 24; shift >= 0; shift -= 8) value += static_cast<char>(number >> shift & 0xff);
  return Identification{group_number, value};
}

ObjectId index_of(const Identification& id) {
  ObjectId out{id.type, static_cast<std::uint32_t>(id.value.size())};
  for (const char octet : id.value) out.push_back(static_cast<unsigned char>(octet));
  return out;
}

std::string octets_of(std::string_view hexadecimal) {
  if (hexadecimal.substr(0, 2) == "0x") hexadecimal.remove_prefix(2);
  std::string out;
  for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
    unsigned octet = 0;
    (void)std::from_chars(hexadecimal.data() + i, hexadecimal.data() + i + 2, octet, 16);
    out += static_cast<char>(octet);
  }
  return out;
}

}  // namespace agent::snmp
