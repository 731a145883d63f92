// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "gdoi/policy/selector.h"

namespace agent {
namespace {

std::optional<gdoi::Address> parse(int family, std::string_view text) {
  gdoi::Address out;
  out.family = family == AF_INET ? gdoi::Address::Family::ipv4 : gdoi::Address::Family::ipv6;
  const std::string terminated{text};
  if (terminated.size() != std::strlen(terminated.c_str())) return std::nullopt;
  if (::inet_pton(family, terminated.c_str(), out.bytes.data()) != 1) return std::nullopt;
  return out;
}

}  // namespace

std::optional<gdoi::Address> parse_ipv4(std::string_view text) { return parse(AF_INET, text); }
std::optional<gdoi::Address> parse_ipv6(std::string_view text) { return parse(AF_INET6, text); }

std::optional<gdoi::Address> parse_address(std::string_view text) {
  const auto ipv4 = parse_ipv4(text);
  return ipv4 ? ipv4 : parse_ipv6(text);
}

std::string to_string(const gdoi::Address& address) { return gdoi::describe(address); }

std::string to_string(const gdoi::Endpoint& endpoint) {
  return fmt::format("{}/{}", to_string(endpoint.address), endpoint.port);
}

bool is_unicast(const gdoi::Address& address) noexcept {
  const auto first = std::to_integer<unsigned>(address.bytes[0]);
  if (address.family == gdoi::Address::Family::ipv4)
    return first != 0 && first != 127 && first < 224;
  in6_addr six{};
  std::memcpy(&six, address.bytes.data(), sizeof six);
  return !IN6_IS_ADDR_UNSPECIFIED(&six) && !IN6_IS_ADDR_LOOPBACK(&six) &&
         !IN6_IS_ADDR_V4MAPPED(&six) && !IN6_IS_ADDR_LINKLOCAL(&six) &&
         !IN6_IS_ADDR_MULTICAST(&six);
}

gdoi::Address last_of(gdoi::Address first, std::size_t host_bits) noexcept {
  for (std::size_t i = first.size(); host_bits > 0;
       host_bits -= std::min<std::size_t>(host_bits, 8))
    first.bytes[--i] |= static_cast<std::byte>((1U << std::min<std::size_t>(host_bits, 8)) - 1);
  return first;
}

gdoi::Address next_of(gdoi::Address address) noexcept {
  for (std::size_t i = address.size(); i-- > 0;) {
    const auto octet = std::to_integer<unsigned>(address.bytes[i]) + 1;
    address.bytes[i] = static_cast<std::byte>(octet & 0xff);
    if (octet <= 0xff) break;
  }
  return address;
}

SocketAddress to_sockaddr(const gdoi::Endpoint& endpoint) noexcept {
  SocketAddress out;
  if (endpoint.address.family == gdoi::Address::Family::ipv4) {
    sockaddr_in fixed{};
    fixed.sin_family = AF_INET;
    fixed.sin_port = htons(endpoint.port);
    std::memcpy(&fixed.sin_addr, endpoint.address.bytes.data(), sizeof fixed.sin_addr);
    out.size = sizeof fixed;
    std::memcpy(&out.storage, &fixed, sizeof fixed);
    return out;
  }
  sockaddr_in6 fixed{};
  fixed.sin6_family = AF_INET6;
  fixed.sin6_port = htons(endpoint.port);
  std::memcpy(&fixed.sin6_addr, endpoint.address.bytes.data(), sizeof fixed.sin6_addr);
  out.size = sizeof fixed;
  std::memcpy(&out.storage, &fixed, sizeof fixed);
  return out;
}

gdoi::Endpoint to_endpoint(const SocketAddress& address) noexcept {
  gdoi::Endpoint out;
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 fixed{};
    std::memcpy(&fixed, &address.storage, sizeof fixed);
    out.address.family = gdoi::Address::Family::ipv6;
    std::memcpy(out.address.bytes.data(), &fixed.sin6_addr, sizeof fixed.sin6_addr);
    out.port = ntohs(fixed.sin6_port);
    return out;
  }
  sockaddr_in fixed{};
  std::memcpy(&fixed, &address.storage, sizeof fixed);
  std::memcpy(out.address.bytes.data(), &fixed.sin_addr, sizeof fixed.sin_addr);
  out.port = ntohs(fixed.sin_port);
  return out;
}

int kernel_family(gdoi::Address::Family family) noexcept {
  return family == gdoi::Address::Family::ipv4 ? AF_INET : AF_INET6;
}

xfrm::Address to_xfrm(const gdoi::Address& address) noexcept {
  const bool ipv4 = address.family == gdoi::Address::Family::ipv4;
  return {ipv4 ? xfrm::Family::ipv4 : xfrm::Family::ipv6, address.bytes};
}

gdoi::Address to_gdoi(const xfrm::Address& address) noexcept {
  const bool ipv4 = address.family == xfrm::Family::ipv4;
  return {ipv4 ? gdoi::Address::Family::ipv4 : gdoi::Address::Family::ipv6, address.bytes};
}

}  // namespace agent
