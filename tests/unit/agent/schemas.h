// SPDX-License-Identifier: GPL-2.0-or-later
// Whether a JSON Schema of ours describes a document, each way round.
#pragma once

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace support {

class Schema {
 public:
  using json = nlohmann::json;

  // `file` is one of agent/control/.
  explicit Schema(const std::string& file)
      : whole_(
            json::parse(std::ifstream{std::string{GETVPN_SOURCE_DIR} + "/agent/control/" + file})) {
  }

  [[nodiscard]] const json& whole() const { return whole_; }

  // resolved follows a reference, and of "this or null" takes this.
  [[nodiscard]] const json& resolved(const json& description) const {
    if (description.contains("$ref"))
      return resolved(
          whole_.at(json::json_pointer{description["$ref"].get<std::string>().substr(1)}));
    return description.contains("anyOf") ? resolved(description["anyOf"][0]) : description;
  }

  // differences between a document and the definition called `of`.
  [[nodiscard]] std::vector<std::string> differences(const std::string& document,
                                                     const char* of) const {
    std::vector<std::string> out;
    compare(json::parse(document), whole_.at("$defs").at(of), "", out);
    return out;
  }

 private:
  void compare(const json& value, const json& description, const std::string& at,
               std::vector<std::string>& wrong) const {
    const auto& wanted = resolved(description);
    if (value.is_array())
      for (const auto& item : value) compare(item, wanted.at("items"), at + "[]", wrong);
    if (value.is_string() && wanted.contains("enum") &&
        std::find(wanted["enum"].begin(), wanted["enum"].end(), value) == wanted["enum"].end())
      wrong.push_back(at + ": " + value.dump());
    if (!value.is_object()) return;
    for (const auto& [name, member] : value.items()) {
      if (wanted.at("properties").contains(name))
        compare(member, wanted["properties"][name], at + "." + name, wrong);
      else
        wrong.push_back(at + "." + name + " is not described");
    }
    for (const auto& name : wanted.at("required"))
      if (!value.contains(name))
        wrong.push_back(at + "." + name.get<std::string>() + " is missing");
  }

  json whole_;
};

}  // namespace support
