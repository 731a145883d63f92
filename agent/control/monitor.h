// SPDX-License-Identifier: GPL-2.0-or-later
// `getvpnctl monitor`: events as they come.
#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "agent/base/result.h"

namespace agent {

// Monitor follows the events of a daemon, and of those that take its place.
class Monitor {
 public:
  // News are events that came after one another; `lost` of them came before, and can no longer be
  // had.
  struct News {
    std::uint64_t lost = 0;
    std::vector<nlohmann::json> events;
  };

  Monitor(std::string socket, std::optional<std::string> group)
      : socket_{std::move(socket)}, group_{std::move(group)} {}

  // begin asks for what is kept, which is news. Only what comes later is followed.
  [[nodiscard]] Result<News> begin();
  // next waits for news some seconds; there may be none. It fails when the daemon cannot be asked.
  [[nodiscard]] Result<News> next();

 private:
  [[nodiscard]] Result<News> ask(const std::vector<std::string>& words);

  std::string socket_;
  std::optional<std::string> group_;
  std::string run_;
  std::uint64_t last_ = 0;
};

struct MonitorOptions {
  std::string socket;
  std::optional<std::string> group;
  bool json = false, past = false;
  std::uint64_t count = 0;  // events to end after; 0: do not end
};

// monitor prints events, a line each, until it has printed so many or nobody reads them. A daemon
// that goes away is waited for, which `complain` is told of once. It fails when there is none at
// the beginning.
[[nodiscard]] Result<void> monitor(const MonitorOptions& options,
                                   const std::function<bool(const std::string& line)>& print,
                                   const std::function<void(const std::string& what)>& complain);

// event_line: "2026-11-28 09:37:28.123 GDOI-GROUP registered: %GDOI-5-GM_REGS_COMPL: ...".
[[nodiscard]] std::string event_line(const nlohmann::json& event);

}  // namespace agent
