// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/log.h"

#include <algorithm>
#include <array>
#include <string>

namespace agent {
namespace {

struct LevelName {
  Level level;
  std::string_view name;
  char priority;  // syslog(3)
};
constexpr std::array levels{
    LevelName{Level::error, "error", '3'},   LevelName{Level::warning, "warning", '4'},
    LevelName{Level::notice, "notice", '5'}, LevelName{Level::info, "info", '6'},
    LevelName{Level::debug, "debug", '7'},
};

const LevelName& row_of(Level level) noexcept { return levels.at(static_cast<std::size_t>(level)); }

bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) == 0x7f;
}

}  // namespace

std::string_view name_of(Level level) noexcept { return row_of(level).name; }

char priority_of(Level level) noexcept { return row_of(level).priority; }

std::optional<Level> parse_level(std::string_view name) noexcept {
  for (const auto& row : levels)
    if (row.name == name) return row.level;
  return std::nullopt;
}

void Log::write(Level level, std::string_view line, LogFields fields) const {
  if (!wants(level)) return;
  for (auto& [name, value] : fields) std::replace_if(value.begin(), value.end(), is_control, '?');
  if (std::none_of(line.begin(), line.end(), is_control)) return sink_(level, line, fields);
  std::string clean{line};
  std::replace_if(clean.begin(), clean.end(), is_control, '?');
  sink_(level, clean, fields);
}

Log Log::within(const std::string& group) const {
  Log out = *this;
  out.sink_ = [sink = sink_, group](Level level, std::string_view line, const LogFields& fields) {
    const bool named = std::any_of(fields.begin(), fields.end(),
                                   [](const auto& field) { return field.first == group_field; });
    auto all = fields;
    if (!named) all.emplace_back(group_field, group);
    if (line.substr(0, 1) == "%") return sink(level, line, all);
    sink(level, fmt::format("[{}] {}", group, line), all);
  };
  return out;
}

}  // namespace agent
