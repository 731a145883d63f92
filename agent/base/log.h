// SPDX-License-Identifier: GPL-2.0-or-later
// The daemon's log. Where its lines go is the affair of a sink (log_output.h).
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace agent {

enum class Level : std::uint8_t { error, warning, notice, info, debug };

[[nodiscard]] std::string_view name_of(Level level) noexcept;
// priority_of is its number of syslog(3), as a digit.
[[nodiscard]] char priority_of(Level level) noexcept;
[[nodiscard]] std::optional<Level> parse_level(std::string_view name) noexcept;

// LogFields are what a journal has beside a line, by their names there (systemd.journal-fields(7)).
using LogFields = std::vector<std::pair<std::string, std::string>>;

inline constexpr const char* group_field = "GETVPN_GROUP";

// Log does no wording: who decides something writes the line, once. No line of level info or
// above may be something a stranger can cause at will; those are counted (EventCounter).
class Log {
 public:
  using Sink = std::function<void(Level, std::string_view line, const LogFields& fields)>;
  using LineSink = std::function<void(Level, std::string_view line)>;
  Log(Level threshold, Sink sink)
      : threshold_{std::make_shared<Level>(threshold)}, sink_{std::move(sink)} {}
  Log(Level threshold, LineSink sink)
      : Log{threshold, Sink{[sink = std::move(sink)](Level level, std::string_view line,
                                                     const LogFields&) { sink(level, line); }}} {}

  // set_threshold is for this log and all that were made of it, by copying or within().
  void set_threshold(Level threshold) noexcept { *threshold_ = threshold; }

  // within is the same log for one group of several: lines begin with its name, but for those in
  // Cisco's form (%GDOI-...), which name the group in their own way; and it is a field.
  [[nodiscard]] Log within(const std::string& group) const;

  [[nodiscard]] bool wants(Level level) const noexcept { return level <= *threshold_; }

  // write hands one line to the sink. Control characters become '?', so that one call is one line
  // and one field.
  void write(Level level, std::string_view line, LogFields fields = {}) const;

  template <class... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) const {
    print(Level::error, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) const {
    print(Level::warning, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void notice(fmt::format_string<Args...> format, Args&&... args) const {
    print(Level::notice, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) const {
    print(Level::info, format, std::forward<Args>(args)...);
  }
  template <class... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) const {
    print(Level::debug, format, std::forward<Args>(args)...);
  }

 private:
  template <class... Args>
  void print(Level level, fmt::format_string<Args...> format, Args&&... args) const {
    if (wants(level)) write(level, fmt::format(format, std::forward<Args>(args)...));
  }

  std::shared_ptr<Level> threshold_;
  Sink sink_;
};

}  // namespace agent
