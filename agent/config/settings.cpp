// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/config/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>

#include "agent/base/files.h"

namespace agent {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string_view without_comment(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '"') quoted = !quoted;
    const bool starts = i == 0 || blanks.find(line[i - 1]) != std::string_view::npos;
    if (line[i] == '#' && starts && !quoted) return line.substr(0, i);
  }
  return line;
}

// unquote takes the double quotes off; nothing when they are not a pair around the whole.
std::optional<std::string_view> unquote(std::string_view value) {
  if (value.find('"') == std::string_view::npos) return value;
  if (value.size() < 2 || value.front() != '"' || value.back() != '"') return std::nullopt;
  value = value.substr(1, value.size() - 2);
  if (value.find('"') != std::string_view::npos) return std::nullopt;
  return value;
}

Result<Setting> parse_setting(std::string_view line, std::string origin) {
  const auto equals = line.find('=');
  if (equals == std::string_view::npos)
    return fail(fmt::format("{}: expected 'key = value'", origin));
  const auto key = trim(line.substr(0, equals));
  if (key.empty() || key.find_first_of(" \t\"") != std::string_view::npos)
    return fail(fmt::format("{}: expected 'key = value'", origin));
  const auto value = unquote(trim(line.substr(equals + 1)));
  if (!value) return fail(fmt::format("{}: {}: unbalanced quotes", origin, key));
  return Setting{std::string{key}, std::string{*value}, std::move(origin)};
}

bool is_group_name(std::string_view text) {
  constexpr std::size_t longest = 32;
  return !text.empty() && text.size() <= longest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '-' || c == '_' || c == '.';
         });
}

Result<Section> parse_header(std::string_view line, const std::string& origin) {
  if (line.size() < 2 || line.back() != ']')
    return fail(fmt::format("{}: expected '[NAME]'", origin));
  const auto name = trim(line.substr(1, line.size() - 2));
  if (!is_group_name(name))
    return fail(fmt::format("{}: '{}' is no group's name: 1 to 32 letters, digits, '-', '_', '.'",
                            origin, name));
  return Section{std::string{name}, fmt::format("{}: [{}]", origin, name), {}};
}

Result<void> add_line(std::string_view line, const std::string& origin, SettingsFile& out) {
  if (line.front() == '[') {
    auto section = parse_header(line, origin);
    if (!section) return tl::unexpected<Error>{std::move(section.error())};
    for (const auto& known : out.sections)
      if (known.name == section->name)
        return fail(fmt::format("{} is there already, {}", section->origin, known.origin));
    out.sections.push_back(std::move(*section));
    return {};
  }
  const bool common = out.sections.empty();
  auto setting = parse_setting(
      line, common ? origin : fmt::format("{}: [{}]", origin, out.sections.back().name));
  if (!setting) return tl::unexpected<Error>{std::move(setting.error())};
  (common ? out.common : out.sections.back().settings).push_back(std::move(*setting));
  return {};
}

template <class Use>
void for_each_line(std::string_view text, Use use) {
  for (unsigned number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    const auto line = trim(without_comment(text.substr(0, end)));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.empty() && !use(line, number)) return;
  }
}

}  // namespace

Result<SettingsFile> parse_settings(const std::string& text, const std::string& file) {
  SettingsFile out;
  Result<void> outcome;
  for_each_line(text, [&](std::string_view line, unsigned number) {
    outcome = add_line(line, fmt::format("{}:{}", file, number), out);
    return outcome.has_value();
  });
  if (!outcome) return tl::unexpected<Error>{std::move(outcome.error())};
  return out;
}

Result<SettingsFile> read_settings(const std::string& file) {
  const auto text = read_trusted_file(file);
  if (!text) return tl::unexpected<Error>{text.error()};
  return parse_settings(*text, file);
}

std::string find_setting(const std::string& file, const std::string& key) {
  std::string found;
  const auto text = read_file(file);
  if (!text) return found;
  for_each_line(*text, [&](std::string_view line, unsigned) {
    const auto setting = parse_setting(line, {});
    if (setting && setting->key == key) found = setting->value;
    return true;
  });
  return found;
}

}  // namespace agent
