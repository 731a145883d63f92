// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/metrics_target.h"

#include <fmt/format.h>

#include "agent/base/address.h"
#include "agent/config/config_values.h"

namespace agent {
namespace {

constexpr std::string_view unix_prefix = "unix:", file_prefix = "file:", suffix = ".prom";

bool is_loopback(const gdoi::Address& address) {
  if (address.family == gdoi::Address::Family::ipv4) return address.bytes[0] == std::byte{127};
  return address == parse_ipv6("::1");
}

// Where to write is checked when it is written: the directory may come later.
Result<MetricsTarget> parse_file(std::string_view text) {
  if (text.empty()) return fail("no path after file:");
  auto path = parse_absolute_path(text);
  if (!path) return tl::unexpected<Error>{path.error()};
  if (!path->ends_with(suffix))
    return fail(fmt::format("'{}' does not end with {}, and node_exporter reads no other files",
                            text, suffix));
  return MetricsTarget{MetricsTarget::Kind::file, std::move(*path), {}};
}

Result<MetricsTarget> parse_socket(std::string_view text) {
  if (text.empty()) return fail("no path after unix:");
  auto path = parse_socket_path(text);
  if (!path) return tl::unexpected<Error>{path.error()};
  return MetricsTarget{MetricsTarget::Kind::unix_socket, std::move(*path), {}};
}

// split takes "ADDRESS:PORT" or "[ADDRESS]:PORT" apart.
std::pair<std::string_view, std::string_view> split(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  auto host = text.substr(0, colon);
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  if (brackets != (host.find(':') != std::string_view::npos)) return {};
  return {host, text.substr(colon + 1)};
}

Result<MetricsTarget> parse_listen(std::string_view text) {
  const auto [host, port_text] = split(text);
  const auto address = parse_address(host);
  if (!address) return invalid(text, "none, unix:PATH, 127.0.0.1:PORT, [::1]:PORT, file:PATH.prom");
  if (!is_loopback(*address))
    return fail(fmt::format(
        "{} is not a loopback address: metrics are served to this machine only, so have Prometheus "
        "come by a proxy that asks who it is, or use file: with node_exporter",
        host));
  const auto port = parse_number(port_text, 1, 65535);
  if (!port) return fail("port: " + port.error().what);
  return MetricsTarget{
      MetricsTarget::Kind::http, {}, {*address, static_cast<std::uint16_t>(*port)}};
}

}  // namespace

Result<MetricsTarget> parse_metrics_target(std::string_view text) {
  if (text == "none") return MetricsTarget{};
  if (text.starts_with(unix_prefix)) return parse_socket(text.substr(unix_prefix.size()));
  if (text.starts_with(file_prefix)) return parse_file(text.substr(file_prefix.size()));
  return parse_listen(text);
}

std::string metrics_target_text(const MetricsTarget& target) {
  switch (target.kind) {
    case MetricsTarget::Kind::none:
      return "none";
    case MetricsTarget::Kind::unix_socket:
      return fmt::format("{}{}", unix_prefix, target.path);
    case MetricsTarget::Kind::http:
      return endpoint_text(target.listen);
    case MetricsTarget::Kind::file:
      return fmt::format("{}{}", file_prefix, target.path);
  }
  return {};
}

}  // namespace agent
