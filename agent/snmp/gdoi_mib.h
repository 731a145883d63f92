// SPDX-License-Identifier: GPL-2.0-or-later
// The group member's part of CISCO-GDOI-MIB (revision of 2015-07-17): groups, members, their KEKs
// and TEKs. What the module has for key servers is not here.
//
// Objects that have no value, such as the registered key server of a member that has none, have no
// instance.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "agent/base/result.h"
#include "agent/snmp/objects.h"

namespace agent::snmp {

// ciscoGdoiMIB: 1.3.6.1.4.1.9.9.759.
[[nodiscard]] const ObjectId& gdoi_mib();

// member_index is how rows of a group's member are named: group, then member. Empty until there was
// a route to a key server: the member has no address to be known by.
[[nodiscard]] ObjectId member_index(const nlohmann::json& group);

// member_column is the name of a column of cgmGdoiGmTable in a member's row.
[[nodiscard]] ObjectId member_column(std::uint32_t column, const ObjectId& index);

// KekNumbers gives each KEK of a group the number by which cgmGdoiGmKekTable has it: they are
// counted from 1 as they come, and a number is not given again.
class KekNumbers {
 public:
  [[nodiscard]] std::uint32_t of(const std::string& group, const std::string& spi);

 private:
  struct Group {
    std::map<std::string, std::uint32_t> numbers;  // by SPI
    std::uint32_t last = 0;
  };
  std::map<std::string, Group> groups_;
};

// gdoi_objects has all instances for what the daemon answers to `show`: one group's document or a
// list of them. It fails on a document that does not have what it needs.
[[nodiscard]] Result<Objects> gdoi_objects(const nlohmann::json& status, KekNumbers& numbers);

}  // namespace agent::snmp
