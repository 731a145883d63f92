// SPDX-License-Identifier: GPL-2.0-or-later
// Numbers with a meaning have a type of their own.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <variant>

namespace gdoi {

// Spi names a TEK: the security parameter index of its ESP SA (RFC 4303 section 2.1).
struct Spi {
  std::uint32_t value = 0;
  friend auto operator<=>(const Spi&, const Spi&) = default;
};

// Cookie is one half of an ISAKMP cookie pair (RFC 2408 section 2.5.3).
struct Cookie {
  std::array<std::byte, 8> bytes{};
  friend auto operator<=>(const Cookie&, const Cookie&) = default;
  [[nodiscard]] bool is_zero() const noexcept {
    return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
  }
};

struct CookiePair {
  Cookie initiator, responder;
  friend auto operator<=>(const CookiePair&, const CookiePair&) = default;
};

// RekeySpi names a KEK; it doubles as the cookie pair of GROUPKEY-PUSH (RFC 6407 section 5.3).
using RekeySpi = CookiePair;

struct MessageId {
  std::uint32_t value = 0;
  friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

// SequenceNumber counts GROUPKEY-PUSH messages under one KEK (RFC 6407 section 5.7).
struct SequenceNumber {
  std::uint32_t value = 0;
  friend auto operator<=>(const SequenceNumber&, const SequenceNumber&) = default;
};

// Address is an IPv4 or IPv6 address in network order; IPv4 uses the first four octets, the others
// stay zero, so that comparison is plain.
struct Address {
  enum class Family : std::uint8_t { ipv4, ipv6 };
  Family family = Family::ipv4;
  std::array<std::byte, 16> bytes{};
  friend auto operator<=>(const Address&, const Address&) = default;

  [[nodiscard]] std::size_t size() const noexcept { return family == Family::ipv4 ? 4 : 16; }
};

struct Endpoint {
  Address address;
  std::uint16_t port = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

// The registered port of GDOI (RFC 6407 section 2.2).
inline constexpr std::uint16_t gdoi_port = 848;

// The port that IKE moves to when a NAT is on the way (RFC 3947 section 4).
inline constexpr std::uint16_t nat_traversal_port = 4500;

// GroupId is the group's identity: Cisco's "identity number N" (ID_KEY_ID with four octets) or
// "identity address ipv4 A" (ID_IPV4_ADDR).
struct GroupNumber {
  std::uint32_t value = 0;
  friend auto operator<=>(const GroupNumber&, const GroupNumber&) = default;
};
using GroupId = std::variant<GroupNumber, Address>;

}  // namespace gdoi
