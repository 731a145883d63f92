// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/control/show/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace agent::show {

std::string text(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_null() ? "" : value.dump();
}

std::string group_name(const json& status) { return text(status.at("group").at("name")); }

std::string address(const json& endpoint) {
  return endpoint.is_null() ? "0.0.0.0" : text(endpoint.at("address"));
}

std::string address_and_port(const json& endpoint) {
  return fmt::format("{}/{}", address(endpoint),
                     endpoint.is_null() ? "0" : text(endpoint.at("port")));
}

bool is_ipv6(const std::string& address) { return address.find(':') != std::string::npos; }

std::string only_ipv4(const std::string& address) { return is_ipv6(address) ? "0.0.0.0" : address; }

std::string ipv4_address(const json& endpoint) { return only_ipv4(address(endpoint)); }

std::string ipv4_address_and_port(const json& endpoint) {
  return fmt::format("{}/{}", ipv4_address(endpoint),
                     endpoint.is_null() ? "0" : text(endpoint.at("port")));
}

std::string vrf(const json& name) { return name.is_null() ? "None" : text(name); }

std::string inside_vrf(const json& status) { return vrf(status.at("vrf").at("inside")); }

std::string direction(const json& status) {
  if (status.at("direction") != "both") return "Inbound";
  const auto& teks = status.at("teks");
  const bool inbound = !teks.empty() && std::all_of(teks.begin(), teks.end(), [](const json& tek) {
    return tek.at("not_sent") == "receive only";
  });
  return inbound ? "Inbound" : "Both";
}

std::string families(const std::string& value) {
  return value == "ipv4, ipv6" ? "ipv4_ipv6" : value;
}

std::string clock_time(const json& ago) {
  if (ago.is_null()) return "never";
  const auto total = ago.get<std::uint64_t>();
  return fmt::format("{:02}:{:02}:{:02}", total / 3600, total / 60 % 60, total % 60);
}

bool is_multicast(const json& status) {
  const auto& kek = status.at("kek");
  return !kek.is_null() && kek.at("transport") == "multicast";
}

}  // namespace agent::show
