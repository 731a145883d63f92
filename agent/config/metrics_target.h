// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "agent/base/result.h"
#include "gdoi/base/ids.h"

namespace agent {

// MetricsTarget is where Prometheus gets the metrics from (setting `metrics`).
struct MetricsTarget {
  enum class Kind : std::uint8_t {
    none,
    unix_socket,  // HTTP on the socket `path`
    http,         // HTTP on `listen`, an address of this machine alone
    file,         // written to `path`, for the textfile collector of node_exporter
  };
  Kind kind = Kind::none;
  std::string path = {};
  gdoi::Endpoint listen = {};
  friend bool operator==(const MetricsTarget&, const MetricsTarget&) = default;
};

// parse_metrics_target reads "none", "unix:PATH", "file:PATH.prom", "127.0.0.1:PORT" or
// "[::1]:PORT"; 127.0.0.0/8 is loopback as a whole. metrics_target_text writes them.
[[nodiscard]] Result<MetricsTarget> parse_metrics_target(std::string_view text);
[[nodiscard]] std::string metrics_target_text(const MetricsTarget& target);

}  // namespace agent
