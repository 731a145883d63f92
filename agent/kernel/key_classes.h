// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "agent/base/result.h"
#include "gdoi/policy/policy.h"
#include "xfrm/base/types.h"

namespace agent {

// KeyClasses number the sets of ACEs that share their TEKs. ACEs whose selectors are alike have
// their TEKs in common, and so have all ACEs under one SPI. A number is kept from policy to
// policy: a new TEK for a known selector joins the class of the old one, so that nothing but states
// changes in the kernel.
class KeyClasses {
 public:
  KeyClasses() = default;

  // found has what the data plane was seen to hold, for `previous` below.
  [[nodiscard]] static KeyClasses found(std::map<gdoi::Spi, xfrm::KeyClass> by_spi);

  // assign numbers the classes of `entries`. TEKs of `alive` that no entry names keep the class
  // they had in `previous`. Fails when there are more classes than the data plane has room for.
  [[nodiscard]] static Result<KeyClasses> assign(std::span<const gdoi::AccessEntry> entries,
                                                 std::span<const gdoi::Spi> alive,
                                                 const KeyClasses& previous);

  // of tells the class of a TEK, or of an ACE; nothing for one that was in no permit entry.
  [[nodiscard]] std::optional<xfrm::KeyClass> of(gdoi::Spi spi) const noexcept;
  [[nodiscard]] std::optional<xfrm::KeyClass> of(
      const gdoi::TrafficSelector& selector) const noexcept;

 private:
  std::map<gdoi::Spi, xfrm::KeyClass> by_spi_;
  // Most groups have one class, and then need no table: `only_` is every selector's.
  std::optional<xfrm::KeyClass> only_;
  std::vector<std::pair<gdoi::TrafficSelector, xfrm::KeyClass>> by_selector_;  // sorted
};

}  // namespace agent
