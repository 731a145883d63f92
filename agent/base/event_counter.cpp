// SPDX-License-Identifier: GPL-2.0-or-later
#include "agent/base/event_counter.h"

#include <fmt/format.h>

#include <algorithm>

namespace agent {

void EventCounter::count(std::string_view kind, std::string_view from, Instant now) {
  if (!due_) due_ = now + period_;
  last_from_ = from;
  auto row = std::find_if(kinds_.begin(), kinds_.end(),
                          [&](const Kind& known) { return known.name == kind; });
  if (row == kinds_.end()) {
    if (kinds_.size() < max_kinds)
      kinds_.push_back(Kind{kinds_.size() + 1 < max_kinds ? std::string{kind} : "others", 0});
    row = kinds_.end() - 1;
  }
  ++row->count;
}

std::optional<std::string> EventCounter::summary(Instant now) {
  if (!due_ || now < *due_) return std::nullopt;
  std::uint64_t total = 0;
  std::string parts;
  for (const auto& kind : kinds_) {
    total += kind.count;
    parts += fmt::format("{}{} {}", parts.empty() ? "" : ", ", kind.count, kind.name);
  }
  auto line = fmt::format("{} {} in {} s ({}), the last one from {}", total, subject_,
                          period_.count(), parts, last_from_);
  kinds_.clear();
  due_.reset();
  return line;
}

}  // namespace agent
