// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/key_server.h"

#include <fmt/format.h>

#include <algorithm>

#include "agent/base/address.h"
#include "agent/config/config_values.h"

namespace agent {
namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view name_characters =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= 63 && label.front() != '-' && label.back() != '-' &&
         label.find_first_not_of(name_characters) == std::string_view::npos;
}

// take_host reads the address or name of a key server; `rest` becomes what stands behind it.
Result<KeyServer> take_host(std::string_view text, std::string_view& rest) {
  // An IPv6 address is bare, or in brackets when a port follows.
  if (const auto address = parse_ipv6(text)) return KeyServer{{*address, gdoi::gdoi_port}};
  if (text.front() == '[') {
    const auto end = std::min(text.find(']'), text.size());
    const auto address = parse_ipv6(text.substr(1, end - 1));
    if (end == text.size() || !address)
      return fail(fmt::format("'{}' is not [IPV6] or [IPV6]:PORT", text));
    rest = text.substr(end + 1);
    return KeyServer{{*address, gdoi::gdoi_port}};
  }
  const auto host = text.substr(0, text.find(':'));
  rest = text.substr(host.size());
  if (const auto address = parse_ipv4(host)) return KeyServer{{*address, gdoi::gdoi_port}};
  auto name = parse_host_name(host);
  if (!name) return fail(fmt::format("'{}' is not an IPv4 or IPv6 address, and no DNS name", host));
  return KeyServer{{{}, gdoi::gdoi_port}, std::move(*name)};
}

}  // namespace

Result<std::string> parse_host_name(std::string_view text) {
  const auto wrong = [&] { return fail(fmt::format("'{}' is not a DNS name", text)); };
  auto rest = text.ends_with('.') ? text.substr(0, text.size() - 1) : text;
  std::string out{rest};
  if (out.size() > 253) return wrong();
  while (true) {
    const auto dot = std::min(rest.find('.'), rest.size());
    const auto label = rest.substr(0, dot);
    const bool last = dot == rest.size();
    if (!is_label(label)) return wrong();
    // No top-level domain is a number, so that an address with a slip in it is not taken for a
    // name.
    if (last && label.find_first_not_of(digits) == std::string_view::npos) return wrong();
    if (last) break;
    rest.remove_prefix(dot + 1);
  }
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return out;
}

bool any_by_name(std::span<const KeyServer> key_servers) {
  return std::any_of(key_servers.begin(), key_servers.end(),
                     [](const KeyServer& server) { return !server.name.empty(); });
}

Result<KeyServer> parse_key_server(std::string_view text) {
  std::string_view rest;
  auto out = take_host(text, rest);
  if (!out) return out;
  if (out->name.empty() && !is_unicast(out->address))
    return fail(fmt::format("{} is not a unicast address", text));
  if (rest.empty()) return out;
  if (rest.front() != ':') return fail(fmt::format("'{}' after the address", rest));
  const auto port = parse_number(rest.substr(1), 1, 65535);
  if (!port) return fail("port: " + port.error().what);
  out->port = static_cast<std::uint16_t>(*port);
  return out;
}

std::string key_server_text(const KeyServer& key_server) {
  if (key_server.name.empty()) return endpoint_text(key_server);
  return fmt::format("{}:{}", key_server.name, key_server.port);
}

}  // namespace agent
