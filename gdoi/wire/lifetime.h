// SPDX-License-Identifier: GPL-2.0-or-later
// Life Type and Life Duration attributes, which come in pairs (RFC 2407 section 4.5, RFC 2409
// appendix A).
#pragma once

#include <cstdint>

#include "gdoi/wire/attributes.h"

namespace gdoi {

// Lifetimes collects the pairs of one transform: a duration speaks of the type before it, and a
// lifetime in seconds and one in kilobytes may both be there, each once and not 0.
class Lifetimes {
 public:
  [[nodiscard]] Result<void> add_type(const Attribute& attribute);
  [[nodiscard]] Result<void> add_duration(const Attribute& attribute);
  // finish fails when a type was left without its duration.
  [[nodiscard]] Result<void> finish() const;

  [[nodiscard]] std::optional<std::uint32_t> seconds() const noexcept { return seconds_; }
  [[nodiscard]] std::optional<std::uint32_t> kilobytes() const noexcept { return kilobytes_; }

 private:
  enum class Unit : std::uint8_t { none = 0, second = 1, kilobyte = 2 };

  [[nodiscard]] std::optional<std::uint32_t>& of(Unit unit) noexcept {
    return unit == Unit::second ? seconds_ : kilobytes_;
  }

  std::optional<std::uint32_t> seconds_, kilobytes_;
  Unit awaited_ = Unit::none;  // a duration of which must come next
};

}  // namespace gdoi
