// SPDX-License-Identifier: GPL-2.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/base/clock.h"

namespace agent {

// EventCounter counts what strangers can cause at will, and words it at most once per period. The
// first event opens a period; at its end one line tells how many of which kind there were.
class EventCounter {
 public:
  static constexpr std::size_t max_kinds = 8;

  // `subject` begins the line: "datagrams dropped".
  EventCounter(std::string subject, seconds period)
      : subject_{std::move(subject)}, period_{period} {}

  // count adds one event. `kind` is a word of ours; `from` names who, the last one is remembered.
  void count(std::string_view kind, std::string_view from, Instant now);

  // deadline is when a summary will be due; nothing while there is nothing to tell.
  [[nodiscard]] std::optional<Instant> deadline() const noexcept { return due_; }

  // summary returns the line when it is due, and starts afresh.
  [[nodiscard]] std::optional<std::string> summary(Instant now);

 private:
  struct Kind {
    std::string name;
    std::uint64_t count = 0;
  };
  std::string subject_;
  seconds period_;
  std::vector<Kind> kinds_;  // at most max_kinds; the last one then gathers the others
  std::string last_from_;
  std::optional<Instant> due_;
};

}  // namespace agent
