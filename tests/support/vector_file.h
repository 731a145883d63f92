// SPDX-License-Identifier: GPL-2.0-or-later
// Test vectors in files: `key = value` lines, `#` comments, `[name]` headings.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/hex.h"

namespace support {

// VectorSection is what stands under one heading. A key that is missing throws: a vector that is
// not read is a test that does not test.
class VectorSection {
 public:
  explicit VectorSection(std::string name) : name_{std::move(name)} {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] bool has(const std::string& key) const { return values_.count(key) != 0; }
  [[nodiscard]] const std::string& text(const std::string& key) const {
    const auto found = values_.find(key);
    if (found == values_.end()) throw std::out_of_range{"no vector [" + name_ + "] " + key};
    return found->second;
  }
  [[nodiscard]] gdoi::Bytes octets(const std::string& key) const {
    return support::octets(text(key));
  }

  void add(const std::string& key, std::string value) {
    if (!values_.emplace(key, std::move(value)).second)
      throw std::invalid_argument{"vector twice: [" + name_ + "] " + key};
  }
  void append(const std::string& key, const std::string& value) { values_.at(key) += value; }

 private:
  std::string name_;
  std::map<std::string, std::string> values_;
};

// VectorFile is a whole file. Lines before the first heading are the section without a name. A line
// that begins with a blank continues the value above.
class VectorFile {
 public:
  [[nodiscard]] static VectorFile read(const std::filesystem::path& path) {
    std::ifstream in{path};
    if (!in) throw std::runtime_error{"cannot read " + path.string()};
    VectorFile out;
    std::string key;
    for (std::string line; std::getline(in, line);) out.take(line, key);
    return out;
  }

  [[nodiscard]] const VectorSection& top() const { return sections_.front(); }
  // sections are those with a heading, in the file's order.
  [[nodiscard]] std::vector<VectorSection> sections() const {
    return {sections_.begin() + 1, sections_.end()};
  }

 private:
  static std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(' '), last = text.find_last_not_of(' ');
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
  }

  void take(const std::string& line, std::string& key) {
    if (trimmed(line).empty() || line[0] == '#') return;
    if (line[0] == '[') {
      sections_.emplace_back(line.substr(1, line.find(']') - 1));
      return;
    }
    if (line[0] == ' ') return sections_.back().append(key, " " + trimmed(line));
    const auto equals = line.find('=');
    if (equals == std::string::npos) throw std::invalid_argument{"no key in vector line: " + line};
    key = trimmed(line.substr(0, equals));
    sections_.back().add(key, trimmed(line.substr(equals + 1)));
  }

  std::vector<VectorSection> sections_{VectorSection{""}};
};

// own_vectors names a file of this source tree: own_vectors("tests/unit/gdoi/vectors/x.vec").
[[nodiscard]] inline VectorFile own_vectors(const std::filesystem::path& path) {
  return VectorFile::read(std::filesystem::path{GETVPN_SOURCE_DIR} / path);
}

// recorded_folder is where recorded exchanges of other implementations lie; they are not part of
// this project, so it may be absent. GETVPN_VECTORS names another place.
[[nodiscard]] inline std::filesystem::path recorded_folder() {
  if (const char* const named = std::getenv("GETVPN_VECTORS")) return named;
  return std::filesystem::path{GETVPN_SOURCE_DIR}.parent_path() / "shared" / "vectors";
}

// recorded reads one of them. Programs that use it have recorded_main.cpp as their main function,
// which ends with ctest's "skipped" when the folder is absent.
[[nodiscard]] inline VectorFile recorded(const std::string& name) {
  return VectorFile::read(recorded_folder() / name);
}

}  // namespace support
