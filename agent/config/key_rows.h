// SPDX-License-Identifier: GPL-2.0-or-later
// What rows of the table of settings are made of.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "agent/config/keys.h"

namespace agent {

using Texts = std::vector<std::string>;

// row makes a row of three functions without captures: `field` refers to what the key sets in a
// configuration, `parse` sets that, `print` writes it again.
template <class Field, class Parse, class Print>
[[nodiscard]] constexpr GroupKey row(Key key, Field, Parse, Print) {
  GroupKey out;
  static_cast<Key&>(out) = key;
  out.parse = [](GroupConfig& config, std::string_view value) -> Result<void> {
    return Parse{}(Field{}(config), value);
  };
  out.reset = [](GroupConfig& config, const GroupConfig& from) { Field{}(config) = Field{}(from); };
  out.print = [](const ConfiguredGroup& group) -> Texts {
    // A print without templates may want the whole group instead of the field.
    if constexpr (requires { &Print::operator(); } &&
                  std::is_invocable_v<Print, const ConfiguredGroup&>)
      return Print{}(group);
    else
      return Texts{Print{}(Field{}(group.config))};
  };
  return out;
}

// What parse functions do with a value: set a field, or add to a list of at most `most` values.
template <class Target, class Value>
[[nodiscard]] Result<void> set(Target& target, Result<Value> value) {
  if (!value) return tl::unexpected<Error>{std::move(value.error())};
  target = std::move(*value);
  return {};
}

template <class Value>
[[nodiscard]] Result<void> add(std::vector<Value>& known, Result<Value> value, std::size_t most,
                               std::string_view what) {
  if (!value) return tl::unexpected<Error>{std::move(value.error())};
  if (known.size() == most) return fail(fmt::format("more than {} {}", most, what));
  known.push_back(std::move(*value));
  return {};
}

template <class Value>
[[nodiscard]] Result<void> add_unique(std::vector<Value>& known, std::string_view text,
                                      Result<Value> value, std::size_t most,
                                      std::string_view what) {
  if (value && std::find(known.begin(), known.end(), *value) != known.end())
    return fail(fmt::format("{} is given twice", text));
  return add(known, std::move(value), most, what);
}

// What print functions return.
template <class Value, class Text>
[[nodiscard]] Texts texts_of(const std::vector<Value>& values, const Text& text) {
  Texts out;
  for (const auto& value : values) out.emplace_back(text(value));
  return out;
}

[[nodiscard]] inline Texts or_else(Texts texts, std::string otherwise) {
  if (texts.empty()) texts.push_back(std::move(otherwise));
  return texts;
}

[[nodiscard]] inline Texts unless(bool condition, Texts texts) {
  return condition ? Texts{} : texts;
}
[[nodiscard]] inline Texts unless(bool condition, std::string text) {
  return condition ? Texts{} : Texts{std::move(text)};
}

}  // namespace agent
