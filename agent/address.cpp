// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/address.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <array>
#include <cassert>
#include <cstring>

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

std::string to_string(const gdoi::Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = address.family == gdoi::Address::Family::ipv4 ? AF_INET : AF_INET6;
  const char* out = ::inet_ntop(family, address.bytes.data(), text.data(), text.size());
  assert(out != nullptr);
  return out;
}

std::string to_string(const gdoi::Endpoint& endpoint) {
  return fmt::format("{}/{}", to_string(endpoint.address), endpoint.port);
}

bool is_unicast(const gdoi::Address& address) noexcept {
  const auto first = std::to_integer<unsigned>(address.bytes[0]);
  return address.family == gdoi::Address::Family::ipv4 && first != 0 && first != 127 && first < 224;
}

sockaddr_in to_sockaddr(const gdoi::Endpoint& endpoint) noexcept {
  assert(endpoint.address.family == gdoi::Address::Family::ipv4);
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(endpoint.port);
  std::memcpy(&out.sin_addr, endpoint.address.bytes.data(), sizeof out.sin_addr);
  return out;
}

gdoi::Endpoint to_endpoint(const sockaddr_in& address) noexcept {
  gdoi::Endpoint out;
  std::memcpy(out.address.bytes.data(), &address.sin_addr, sizeof address.sin_addr);
  out.port = ntohs(address.sin_port);
  return out;
}

}  // namespace agent
