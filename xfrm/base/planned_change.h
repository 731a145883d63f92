// SPDX-License-Identifier: GPL-2.0-or-later
// PlannedChange: what would be done with an object in the kernel.
#pragma once

#include <cstdint>
#include <string>

namespace xfrm {

struct PlannedChange {
  enum class Kind : std::uint8_t { add, remove, change };
  // What it would be done with: `rules` is a table of nftables, or something in one.
  enum class Object : std::uint8_t { policy, state, rules, address, route };
  Kind kind = Kind::add;
  Object object = Object::policy;
  std::string what;
  friend bool operator==(const PlannedChange&, const PlannedChange&) = default;
};

}  // namespace xfrm
