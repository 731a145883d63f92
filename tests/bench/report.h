// SPDX-License-Identifier: GPL-2.0-or-later
// What a benchmark prints: a table for people, or with --json one object a line for
// tests/bench/run. Both are made of the same columns, so that no figure is in one of them alone.
#pragma once

#include <cstddef>
#include <cstdio>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace bench {

// A figure has its unit in the name of its member. A width below 0 puts text to the left.
struct Column {
  std::string title;
  std::string member;
  int width = 12;
  int decimals = 1;
};

using Value = std::variant<double, std::string>;

class Report {
 public:
  Report(bool json, std::string name, std::vector<Column> columns)
      : json_{json}, name_{std::move(name)}, columns_{std::move(columns)} {
    if (json_) return;
    for (const auto& column : columns_) std::printf("%*s ", column.width, column.title.c_str());
    std::puts("");
  }

  void row(std::initializer_list<Value> values) const {
    nlohmann::json object{{"table", name_}};
    std::size_t at = 0;
    for (const auto& value : values) {
      const Column& column = columns_.at(at++);
      const auto* figure = std::get_if<double>(&value);
      const auto* text = std::get_if<std::string>(&value);
      if (json_ && figure) object[column.member] = *figure;
      if (json_ && text) object[column.member] = *text;
      if (!json_ && figure) std::printf("%*.*f ", column.width, column.decimals, *figure);
      if (!json_ && text) std::printf("%*s ", column.width, text->c_str());
    }
    std::puts(json_ ? object.dump().c_str() : "");
    std::fflush(stdout);
  }

  // A remark for people.
  void note(std::string_view text) const {
    if (!json_) std::printf("%.*s\n", static_cast<int>(text.size()), text.data());
  }

 private:
  bool json_;
  std::string name_;
  std::vector<Column> columns_;
};

}  // namespace bench
