// SPDX-License-Identifier: GPL-2.0-or-later
// TimerTable: all the instants that an object waits for, one for each value of an enum.
#pragma once

#include <array>
#include <optional>

#include "gdoi/base/result.h"

namespace gdoi {

// TimerTable is a value, made from the state that owns the instants. `Timer` is an enum whose
// values are 0 to `size` - 1.
template <class Timer, std::size_t size>
class TimerTable {
 public:
  static constexpr std::array<Timer, size> all = [] {
    std::array<Timer, size> out{};
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<Timer>(i);
    return out;
  }();

  // `due(timer)` is when that timer goes off; nothing: it does not run.
  template <class Due>
  explicit TimerTable(Due due) {
    for (const Timer timer : all) due_[static_cast<std::size_t>(timer)] = due(timer);
  }

  // earliest is when the first one goes off.
  [[nodiscard]] std::optional<Instant> earliest() const noexcept {
    std::optional<Instant> out;
    for (const auto& at : due_)
      if (at && (!out || *at < *out)) out = at;
    return out;
  }
  [[nodiscard]] bool is_due(Timer timer, Instant now) const noexcept {
    const auto& at = due_[static_cast<std::size_t>(timer)];
    return at && now >= *at;
  }

 private:
  std::array<std::optional<Instant>, size> due_;
};

}  // namespace gdoi
