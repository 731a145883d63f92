// SPDX-License-Identifier: GPL-2.0-or-later
// Managed objects as SNMP has them (RFC 3416, RFC 2578): instances in the order of their names.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace agent::snmp {

// The sub-identifiers of an OBJECT IDENTIFIER. Vectors compare as SNMP orders instances.
using ObjectId = std::vector<std::uint32_t>;

struct Value {
  enum class Syntax : std::uint8_t { integer, unsigned32, counter32, octets, object_id };
  Syntax syntax{};
  std::uint32_t number = 0;
  std::string octets{};
  ObjectId name{};
  friend bool operator==(const Value&, const Value&) = default;
};

[[nodiscard]] inline Value integer(std::uint32_t number) {
  return {Value::Syntax::integer, number};
}
[[nodiscard]] inline Value unsigned32(std::uint32_t number) {
  return {Value::Syntax::unsigned32, number};
}
[[nodiscard]] inline Value counter32(std::uint32_t number) {
  return {Value::Syntax::counter32, number};
}
[[nodiscard]] inline Value octets(std::string text) {
  return {Value::Syntax::octets, 0, std::move(text)};
}

using Objects = std::map<ObjectId, Value>;

struct Notification {
  ObjectId name;
  std::vector<std::pair<ObjectId, Value>> objects;
};

}  // namespace agent::snmp
